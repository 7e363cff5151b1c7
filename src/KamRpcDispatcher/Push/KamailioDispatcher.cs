using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

/// <summary>The dispatcher module of a Kamailio, over its RPC interface.</summary>
/// <param name="client">The one way for changes: two would be two writers.</param>
/// <param name="reader">Another way for lists that are too long for the first one, null for none.</param>
internal sealed class KamailioDispatcher(IRpcClient client, IRpcClient? reader = null) : IDispatcher
{
    /// <summary>From here on lists are read the other way: well below what fits into a datagram with attributes of the longest kind seen.</summary>
    private const int LongList = 250;

    private const int ServerError = 500;
    private const string OngoingReload = "Ongoing reload";

    /// <summary>What ctl answers when the list does not fit into its buffers.</summary>
    private const string NoRoom = "Internal error";

    private KamailioLife? _life;

    /// <summary>How long the list was, and what was added since; before the first reading it may be of any length.</summary>
    private int _length = int.MaxValue;
    private KamailioVersion _version;

    public async Task<DispatcherTable> ReadAsync(CancellationToken cancellationToken)
    {
        var peer = client.Peer;
        var uptime = await client.GetUptimeAsync(cancellationToken).ConfigureAwait(false);
        var life = new KamailioLife(uptime.UpSince, peer);
        if (life != _life)
        {
            // Another start may be another release.
            _version = await client.GetVersionAsync(cancellationToken).ConfigureAwait(false);
            _life = life;
        }

        var list = await ListAsync(cancellationToken).ConfigureAwait(false);

        // The list of one Kamailio and the name of another would make destinations look refused that went with the first.
        return client.Peer == peer ? new DispatcherTable(_version, life, list) : throw new KamailioGoneException("dispatcher.list");
    }

    public async Task ApplyAsync(Change change, KamailioVersion version, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(change, version, cancellationToken).ConfigureAwait(false);
            _length += change is AddDestination ? 1 : 0;
        }
        catch (KamailioFaultException fault) when (fault.Code == ServerError && fault.FaultMessage.Contains(OngoingReload, StringComparison.OrdinalIgnoreCase))
        {
            throw new DispatcherBusyException(fault);
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

    private Task CallAsync(Change change, KamailioVersion version, CancellationToken cancellationToken) => change switch
    {
        AddDestination add => client.AddDestinationAsync(version, add.Set, add.Uri, add.Flags, add.Priority, add.Attributes, cancellationToken),
        RemoveDestination => client.RemoveDestinationAsync(change.Set, change.Uri, cancellationToken),

        // Marked for probing: with ds_probing_mode 0 and 3 nothing else is probed.
        EnableDestination enable => client.SetDestinationStateAsync(
            State(enable.State), isProbed: true, change.Set, change.Uri, cancellationToken),
        DisableDestination { Duid: { } duid } => client.SetDuidStateAsync(DestinationState.Disabled, isProbed: false, change.Set, duid, cancellationToken),
        DisableDestination => client.SetDestinationStateAsync(DestinationState.Disabled, isProbed: false, change.Set, change.Uri, cancellationToken),
        _ => throw new NotSupportedException($"{change.GetType().Name} is no change that Kamailio knows."),
    };

    /// <summary>
    /// Reads the list. Only after a call over the way for changes was answered: its worker is a serial one, so that whatever was sent
    /// before, and perhaps not answered, has been done by now, whichever way the list is read.
    /// </summary>
    private async Task<IReadOnlyList<ListedDestination>> ListAsync(CancellationToken cancellationToken)
    {
        if (_length > LongList && reader is not null)
        {
            try
            {
                return await ListAsync(reader, cancellationToken).ConfigureAwait(false);
            }
            catch (KamailioUnreachableException)
            {
                // It may still be short enough for the first way.
            }
        }

        try
        {
            return await ListAsync(client, cancellationToken).ConfigureAwait(false);
        }
        catch (KamailioTimeoutException timeout) when (client.Address.DropsLongReplies)
        {
            await client.EchoAsync(cancellationToken).ConfigureAwait(false);
            return await ListTheOtherWayAsync(timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (KamailioFaultException fault) when (client.Address.Protocol == RpcProtocol.BinRpc && fault.FaultMessage.StartsWith(NoRoom, StringComparison.Ordinal))
        {
            return await ListTheOtherWayAsync(fault, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task<IReadOnlyList<ListedDestination>> ListTheOtherWayAsync(KamailioRpcException reason, CancellationToken cancellationToken) =>
        reader is not null ? ListAsync(reader, cancellationToken) : throw new ListTooLongException(client.Address, reason);

    private async Task<IReadOnlyList<ListedDestination>> ListAsync(IRpcClient way, CancellationToken cancellationToken)
    {
        var list = await way.ListDestinationsAsync(ListMode.Normal, cancellationToken).ConfigureAwait(false);
        _length = list.Count;
        return [.. list.Select(static entry => new ListedDestination(entry.Set, entry.Uri, State(entry.State), entry.IsProbed, entry.Priority, entry.Attributes) { Calls = entry.DialogLoad ?? 0 })];
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
