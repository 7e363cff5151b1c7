using System.Net;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>
/// Does not send what can be known to be refused: a name that does not resolve, a socket that is none of Kamailio's; nor what no call should
/// be sent to: an address that no host has, where Kamailio itself listens, or to which it has no socket to send from. A refusal is not free:
/// it uses up the reload window, kills the RPC interface of a Kamailio of the 6.2 kind, and a removal of what does not resolve crashes 5.4
/// and 5.5 (#3199).
/// </summary>
/// <param name="client">Tells where Kamailio listens.</param>
/// <param name="names">Tells what resolves.</param>
/// <param name="isOnKamailiosHost">Whether an address is one of Kamailio's machine.</param>
/// <param name="logger">Where to log.</param>
internal sealed class AdditionGuard(IRpcClient client, NameLookup names, Func<IPAddress, bool> isOnKamailiosHost, ILogger<AdditionGuard> logger) : IChangeGuard
{
    /// <summary>The kind of an objection about a name.</summary>
    internal const string NameKind = "name";

    private const string AddressKind = "address";

    private readonly HashSet<(int Set, string Uri)> _told = [];
    private KamailioInstance? _instance;
    private IReadOnlyList<KamailioSocket> _sockets = [];

    /// <summary>Why no call can be sent to an address from Kamailio's machine.</summary>
    public Func<IPAddress, string?> WhyUnfit { get; init; } = AddressFitness.WhyUnfit;

    public async ValueTask<Objection?> ExamineAsync(Change change, DispatcherTable table, CancellationToken cancellationToken)
    {
        var name = HostName.In(change.Uri);
        switch (change)
        {
            case AddDestination add:
                return name is not null && (add.Flags & DestinationFlags.NoDns) == 0 && await TroubleAsync(name, cancellationToken).ConfigureAwait(false) is { } trouble
                    ? new Objection(ObjectionScope.Change, NameKind, $"Kamailio takes only what it can resolve, and {name} does not resolve: {trouble}")
                    : await AddressAsync(add, table, cancellationToken).ConfigureAwait(false) ?? await SocketAsync(add, table, cancellationToken).ConfigureAwait(false);
            case RemoveDestination when name is not null:
                return await TroubleAsync(name, cancellationToken).ConfigureAwait(false) is { } reason ? KeptFromRemoval(change, reason) : null;
            default:
                return null;
        }
    }

    private Objection KeptFromRemoval(Change change, string reason)
    {
        if (_told.Count > 1000)
        {
            _told.Clear();
        }

        if (_told.Add((change.Set, change.Uri)))
        {
            ForeignLog.RemovalNotSent(logger, change.Set, change.Uri, reason);
        }

        return new Objection(ObjectionScope.Change, NameKind, $"{change.Uri} of set {change.Set} stays, disabled: its name does not resolve ({reason}), and Kamailio cannot remove what it cannot resolve");
    }

    private async Task<string?> TroubleAsync(string name, CancellationToken cancellationToken) =>
        (await names.FindAsync([name], cancellationToken).ConfigureAwait(false))[name] is { State: not NameState.Resolves } answer ? answer.Text : null;

    private async Task<Objection?> SocketAsync(AddDestination add, DispatcherTable table, CancellationToken cancellationToken)
    {
        if (AttributeText.Socket(add.Attributes) is not { Length: > 0 } text || SocketText.TryParse(text) is not { } socket)
        {
            return null;
        }

        return await ReadSocketsAsync(table, cancellationToken).ConfigureAwait(false) is not { Count: > 0 } sockets || sockets.Any(socket.IsAt)
            ? null
            : new Objection(ObjectionScope.Change, "socket", $"socket={text} is none of the sockets on which Kamailio listens ({SendingSockets.Told(sockets)})");
    }

    /// <summary>What an operator put there himself is put back as it was, wherever it leads.</summary>
    private async Task<Objection?> AddressAsync(AddDestination add, DispatcherTable table, CancellationToken cancellationToken)
    {
        if (AttributeText.Cluster(add.Attributes) is null || !SipUri.TryParse(Spelling.First(add.Uri), out var uri, out _))
        {
            return null;
        }

        var addresses = uri.Address is { } address ? [address] : names.Known(uri.Host)?.Addresses ?? [];
        if (addresses.Count > 0 && addresses.All(one => WhyUnfit(one) is not null))
        {
            return new Objection(ObjectionScope.Change, AddressKind, $"{Told(uri, addresses[0])} {WhyUnfit(addresses[0])}");
        }

        var sockets = await ReadSocketsAsync(table, cancellationToken).ConfigureAwait(false);
        if (AttributeText.OutboundProxy(add.Attributes) is null && SendingSockets.Missing(sockets, uri, [.. addresses]) is { } missing)
        {
            return new Objection(
                ObjectionScope.Change,
                AddressKind,
                $"Kamailio cannot send there, since it has no {missing} (it listens on {SendingSockets.Told(sockets)}): give it one (listen= in its config), or announce another transport or address");
        }

        return addresses.Select(one => (Address: one, Socket: OwnSockets.Find(sockets, uri, one, isOnKamailiosHost))).FirstOrDefault(static one => one.Socket is not null) is ({ } own, { } listening)
            ? new Objection(ObjectionScope.Change, AddressKind, $"{Told(uri, own)} is Kamailio's own ({listening}): what it sends there comes back to it, until no hop is left")
            : null;
    }

    private static string Told(SipUri uri, IPAddress address) => uri.Address is null ? $"the address {address} of {uri.Host}" : $"the address {address}";

    /// <summary>Where Kamailio listens, read once for each start of it; none where it does not tell.</summary>
    private async Task<IReadOnlyList<KamailioSocket>> ReadSocketsAsync(DispatcherTable table, CancellationToken cancellationToken)
    {
        if (table.Instance != _instance)
        {
            try
            {
                _sockets = await client.ListSocketsAsync(cancellationToken).ConfigureAwait(false);
                _instance = table.Instance;
            }
            catch (KamailioFaultException)
            {
                // It does not tell: then nothing is known.
                (_sockets, _instance) = ([], table.Instance);
            }
            catch (KamailioRpcException)
            {
                // Whoever cannot be asked cannot be changed either: the next call says why.
                return [];
            }
        }

        return _sockets;
    }
}
