using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Reading;

namespace KamRpcDispatcher.Push;

/// <summary>The dispatcher module of a Kamailio, over its RPC interface.</summary>
/// <param name="client">The one way for changes: two would be two writers.</param>
/// <param name="lists">Reads its list.</param>
internal sealed class KamailioDispatcher(IRpcClient client, ListReader lists) : IDispatcher
{
    private const int ServerError = 500;
    private const string OngoingReload = "Ongoing reload";

    private readonly KnownTable _known = new();

    private KamailioVersion _version;

    /// <param name="client">The one way for changes.</param>
    /// <param name="reader">Another way for lists that are too long for the first one, null for none.</param>
    public KamailioDispatcher(IRpcClient client, IRpcClient? reader = null)
        : this(client, new ListReader(client, new GivenReadWay(reader)))
    {
    }

    public Unanswered? Unanswered => client.Unanswered;

    public DispatcherTable? Known => _known.Certain is { } known && client.InstanceToken == known.Instance.InstanceToken ? known : null;

    public async Task<DispatcherTable> ReadAsync(CancellationToken cancellationToken)
    {
        DispatcherTable? table = null;
        _known.Begin();
        try
        {
            return table = await ReadInstanceAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (table is null)
            {
                _known.Fail();
            }
            else
            {
                _known.End(table);
            }
        }
    }

    public async Task ReloadAsync(IReadOnlyList<AddDestination> adds, CancellationToken cancellationToken)
    {
        _known.Doubt();
        foreach (var add in adds)
        {
            lists.Added(add);
        }

        try
        {
            await client.ReloadDestinationsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (KamailioFaultException fault) when (IsBusy(fault))
        {
            throw new DispatcherBusyException(fault);
        }
    }

    public async Task ApplyAsync(Change change, KamailioVersion version, CancellationToken cancellationToken)
    {
        var isKnown = false;
        try
        {
            await CallAsync(change, version, cancellationToken).ConfigureAwait(false);
            Remember(change);
            isKnown = true;
        }
        catch (KamailioFaultException fault) when (IsBusy(fault))
        {
            throw new DispatcherBusyException(fault);
        }
        finally
        {
            if (!isKnown)
            {
                _known.Doubt();
            }
        }
    }

    public async Task<bool> IsListedAsync(int group, string uri, CancellationToken cancellationToken)
    {
        try
        {
            await client.SetDestinationStateAsync(DestinationState.Disabled, isProbed: false, group, uri, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (KamailioFaultException fault) when (fault.Code == ServerError)
        {
            return false;
        }
    }

    private static bool IsBusy(KamailioFaultException fault) => fault.Code == ServerError && fault.FaultMessage.Contains(OngoingReload, StringComparison.OrdinalIgnoreCase);

    private Task CallAsync(Change change, KamailioVersion version, CancellationToken cancellationToken) => change switch
    {
        AddDestination add => client.AddDestinationAsync(version, add.Set, add.Uri, add.Flags, add.Priority, add.Attributes, cancellationToken),
        RemoveDestination => client.RemoveDestinationAsync(change.Set, change.Uri, cancellationToken),

        // Marked for probing: with ds_probing_mode 0 and 3 nothing else is probed.
        EnableDestination { Duid: { } duid } named => client.SetDuidStateAsync(State(named.State), isProbed: true, change.Set, duid, cancellationToken),
        EnableDestination enable => client.SetDestinationStateAsync(
            State(enable.State), isProbed: true, change.Set, change.Uri, cancellationToken),
        DisableDestination { Duid: { } duid } => client.SetDuidStateAsync(DestinationState.Disabled, isProbed: false, change.Set, duid, cancellationToken),
        DisableDestination => client.SetDestinationStateAsync(DestinationState.Disabled, isProbed: false, change.Set, change.Uri, cancellationToken),
        _ => throw new NotSupportedException($"{change.GetType().Name} is no change that Kamailio knows."),
    };

    private async Task<DispatcherTable> ReadInstanceAsync(CancellationToken cancellationToken)
    {
        var token = client.InstanceToken;
        var uptime = await client.GetUptimeAsync(cancellationToken).ConfigureAwait(false);
        var instance = new KamailioInstance(uptime.UpSince, token);
        if (instance != _known.Read?.Instance)
        {
            // Another start may be another release.
            _version = await client.GetVersionAsync(cancellationToken).ConfigureAwait(false);
            _known.Forget();
        }

        var table = await ReadAsync(instance, cancellationToken).ConfigureAwait(false);

        // The list of one Kamailio and the name of another would make destinations look refused that went with the first.
        return client.InstanceToken == token ? table : throw new KamailioGoneException("dispatcher.list");
    }

    private async Task<DispatcherTable> ReadAsync(KamailioInstance instance, CancellationToken cancellationToken)
    {
        try
        {
            var list = await lists.ReadAsync(cancellationToken).ConfigureAwait(false);
            var known = new KnownEntries(_known.Read?.Destinations ?? []);
            return new DispatcherTable(_version, instance, [.. list.Select(entry => known.Of(entry, State(entry.State)))])
            {
                Unreadable = list.Unreadable,
            };
        }
        catch (ListTooLongException tooLong)
        {
            throw new ListTooLongException(client.Address, (KamailioRpcException)tooLong.InnerException!) { LastKnown = _known.Likely };
        }
    }

    /// <summary>Keeps up what is known of the list until it is read.</summary>
    private void Remember(Change change)
    {
        _known.Changed(change);
        if (change is AddDestination add)
        {
            lists.Added(add);
        }
    }

    private static DestinationState State(ListedState state) => state switch
    {
        ListedState.Active => DestinationState.Active,
        ListedState.Inactive => DestinationState.Inactive,
        ListedState.Disabled => DestinationState.Disabled,
        _ => DestinationState.Trying,
    };

    private static ListedState State(DestinationState state) => state switch
    {
        DestinationState.Active => ListedState.Active,
        DestinationState.Inactive => ListedState.Inactive,
        DestinationState.Disabled => ListedState.Disabled,
        _ => ListedState.Trying,
    };
}
