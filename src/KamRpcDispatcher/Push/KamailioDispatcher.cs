using System.Text.Json;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Push.Rpc;

namespace KamRpcDispatcher.Push;

/// <summary>The dispatcher module of a Kamailio, over its RPC interface.</summary>
/// <param name="client">The one way for changes: two would be two writers.</param>
/// <param name="reader">Another way for lists that are too long for the first one, null for none.</param>
internal sealed class KamailioDispatcher(IRpcClient client, IRpcClient? reader = null) : IDispatcher
{
    /// <summary>From here on lists are read the other way: well below what fits into a datagram with attributes of the longest kind seen.</summary>
    private const int LongList = 250;

    private const int ServerError = 500;
    private const string NoDestinations = "No Destination Sets";
    private const string OngoingReload = "Ongoing reload";

    private KamailioLife? _life;

    /// <summary>How long the list was, and what was added since; before the first reading it may be of any length.</summary>
    private int _length = int.MaxValue;
    private KamailioVersion _version;

    public async Task<DispatcherTable> ReadAsync(CancellationToken cancellationToken)
    {
        var peer = client.Peer;
        var uptime = await client.InvokeAsync("core.uptime", [], cancellationToken).ConfigureAwait(false);
        var upSince = uptime.ValueKind == JsonValueKind.Object && uptime.TryGetProperty("up_since", out var text) ? text.ToString() : string.Empty;
        var life = new KamailioLife(upSince, peer);
        if (life != _life)
        {
            // Another start may be another release.
            var version = await client.InvokeAsync("core.version", [], cancellationToken).ConfigureAwait(false);
            _version = KamailioVersion.Read(version.ToString()) ?? KamailioVersion.NewestKnown;
            _life = life;
        }

        var list = await ListAsync(cancellationToken).ConfigureAwait(false);

        // The list of one Kamailio and the name of another would make destinations look refused that went with the first.
        return client.Peer == peer ? new DispatcherTable(_version, life, list) : throw new KamailioRestartedException("dispatcher.list");
    }

    public async Task ApplyAsync(Change change, KamailioVersion version, CancellationToken cancellationToken)
    {
        var (method, arguments) = Call(change, version);
        try
        {
            await client.InvokeAsync(method, arguments, cancellationToken).ConfigureAwait(false);
            _length += change is AddDestination ? 1 : 0;
        }
        catch (KamailioFaultException fault) when (IsFault(fault, OngoingReload))
        {
            throw new DispatcherBusyException(fault);
        }
    }

    /// <summary>Reads the processes of Kamailio.</summary>
    /// <exception cref="KamailioRpcException">They could not be read.</exception>
    public async Task<IReadOnlyList<KamailioProcess>> ListProcessesAsync(CancellationToken cancellationToken) =>
        ProcessListReader.Read(await client.InvokeAsync("core.psx", [], cancellationToken).ConfigureAwait(false));

    private static (string Method, object?[] Arguments) Call(Change change, KamailioVersion version) => change switch
    {
        AddDestination add => ("dispatcher.add", version.HasPriorities
            ? [add.Set, add.Uri, add.Flags, add.Priority, add.Attributes]
            : [add.Set, add.Uri, add.Flags, add.Attributes]),
        RemoveDestination => ("dispatcher.remove", [change.Set, change.Uri]),

        // "ap", not "a": with ds_probing_mode 0 and 3 only what is marked for probing is probed.
        EnableDestination enable => ("dispatcher.set_state", [enable.IsProbed ? "ip" : "ap", change.Set, change.Uri]),
        DisableDestination => ("dispatcher.set_state", ["d", change.Set, change.Uri]),
        _ => throw new NotSupportedException($"{change.GetType().Name} is no change that Kamailio knows."),
    };

    private static bool IsFault(KamailioFaultException fault, string message) =>
        fault.Code == ServerError && fault.FaultMessage.Contains(message, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Reads the list. Only after a call over the way for changes was answered: its worker is a serial one, so that whatever was sent
    /// before, and perhaps not answered, has been done by now, whichever way the list is read.
    /// </summary>
    private async Task<IReadOnlyList<Destinations.ListedDestination>> ListAsync(CancellationToken cancellationToken)
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
        catch (KamailioTimeoutException timeout)
        {
            await client.InvokeAsync("core.echo", [], cancellationToken).ConfigureAwait(false);
            return reader is not null
                ? await ListAsync(reader, cancellationToken).ConfigureAwait(false)
                : throw new ListTooLongException(timeout);
        }
    }

    private async Task<IReadOnlyList<Destinations.ListedDestination>> ListAsync(IRpcClient way, CancellationToken cancellationToken)
    {
        var list = await ReadListAsync(way, cancellationToken).ConfigureAwait(false);
        _length = list.Count;
        return list;
    }

    private static async Task<IReadOnlyList<Destinations.ListedDestination>> ReadListAsync(IRpcClient way, CancellationToken cancellationToken)
    {
        try
        {
            return DispatcherListReader.Read(await way.InvokeAsync("dispatcher.list", [], cancellationToken).ConfigureAwait(false));
        }
        catch (KamailioFaultException fault) when (IsFault(fault, NoDestinations))
        {
            return [];
        }
    }
}
