using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push.Reading;

/// <summary>How long a list is.</summary>
/// <param name="Destinations">Its entries.</param>
/// <param name="Bytes">What the reply takes, or may come to take.</param>
/// <param name="Most">What it may take where it was read; null for any length.</param>
internal sealed record ListSize(int Destinations, long Bytes, long? Most);

/// <summary>Reads Kamailio's list by the way for changes, or by another one where it is too long for that.</summary>
/// <param name="client">The way for changes.</param>
/// <param name="other">The other way.</param>
internal sealed class ListReader(IRpcClient client, IReadWay other)
{
    /// <summary>The part of the longest reply from which on lists are read the other way.</summary>
    private const double LongPart = 0.4;

    /// <summary>
    /// The part of it that the list may take where there is no other way: the rest is for what others add, and for numbers that get longer.
    /// </summary>
    private const double FullPart = 0.95;

    /// <summary>
    /// More than an entry takes in any reply beside its URI and its attributes: 150 bytes in 5.6.3, 240 in 6.1.5, 300 with latencies there, and with
    /// <c>pretty_format</c> 1 about twice that.
    /// </summary>
    private const int BytesOfEntry = 700;

    /// <summary>How much longer an entry gets when its latencies have been measured.</summary>
    private const int BytesOfLatency = 40;

    /// <summary>What ctl answers when the list does not fit into its buffers.</summary>
    private const string NoRoom = "Internal error";

    /// <summary>How long the list was, or may get, and the most that was added since; before the first reading it may be of any length.</summary>
    private long? _length;

    /// <summary>Whether the reading before was not answered either.</summary>
    private bool _wasSilent;

    /// <summary>Whether anything was added since the list was read.</summary>
    private bool _isReckoned;

    private volatile ListSize? _size;

    public KamailioAddress Address => client.Address;

    /// <summary>How long the list was when it was read last; null before.</summary>
    public ListSize? Size => _size;

    private bool IsLong => _length is not { } length || (client.Address.ReplyLimit is { } limit && length > limit * LongPart);

    /// <summary>
    /// Reads the list. Only after a call over the way for changes was answered: its worker is a serial one, so that whatever was sent
    /// before, and perhaps not answered, has been done by now, whichever way the list is read.
    /// </summary>
    public async Task<DispatcherList> ReadAsync(CancellationToken cancellationToken)
    {
        if (IsLong && await other.GetAsync(cancellationToken).ConfigureAwait(false) is { } way)
        {
            try
            {
                return await ReadAsync(way, cancellationToken).ConfigureAwait(false);
            }
            catch (KamailioRpcException exception) when (exception is KamailioUnreachableException or KamailioTimeoutException)
            {
                // It may still be short enough for the first way.
                other.Forget();
            }
        }

        try
        {
            return await ReadAsync(client, cancellationToken).ConfigureAwait(false);
        }
        catch (KamailioTimeoutException timeout) when (client.Address.DropsLongReplies)
        {
            await client.EchoAsync(cancellationToken).ConfigureAwait(false);
            return await ReadTheOtherWayAsync(timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (KamailioFaultException fault) when (client.Address.Protocol == RpcProtocol.BinRpc && fault.FaultMessage.StartsWith(NoRoom, StringComparison.Ordinal))
        {
            return await ReadTheOtherWayAsync(fault, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether the list can still be read when the destination is in it.</summary>
    /// <exception cref="KamailioRpcException">Kamailio does not answer.</exception>
    public async ValueTask<bool> HasRoomAsync(AddDestination add, int destinationsOfSet, CancellationToken cancellationToken)
    {
        var isFull = IsTooLongWith(add) || (client.Address.DestinationsOfSetLimit is { } most && destinationsOfSet >= most);
        if (!isFull || await other.GetAsync(cancellationToken).ConfigureAwait(false) is not null)
        {
            return true;
        }

        if (!_isReckoned)
        {
            return false;
        }

        // Entries take less than they are reckoned at: how long the list is, it says itself.
        try
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ListTooLongException)
        {
            return false;
        }

        return await HasRoomAsync(add, destinationsOfSet, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether the list can still be read when all of them are in it.</summary>
    /// <exception cref="KamailioRpcException">Kamailio does not answer.</exception>
    public async ValueTask<bool> HasRoomAsync(IReadOnlyList<AddDestination> adds, CancellationToken cancellationToken) =>
        (client.Address.DestinationsOfSetLimit is null && (client.Address.ReplyLimit is not { } limit || (_length ?? 0) + adds.Sum(BytesOf) <= limit * FullPart))
        || await other.GetAsync(cancellationToken).ConfigureAwait(false) is not null;

    /// <summary>A destination was added since the last reading.</summary>
    public void Added(AddDestination add)
    {
        _length += BytesOf(add);
        _isReckoned = true;
    }

    /// <summary>The attributes stand there as they are and one by one, and their quotation marks take two bytes.</summary>
    private static int BytesOf(AddDestination add) => BytesOfEntry + add.Uri.Length + (3 * add.Attributes.Length);

    private bool IsTooLongWith(AddDestination add) => client.Address.ReplyLimit is { } limit && (_length ?? 0) + BytesOf(add) > limit * FullPart;

    private async Task<DispatcherList> ReadTheOtherWayAsync(KamailioRpcException reason, CancellationToken cancellationToken) =>
        await other.GetAsync(cancellationToken).ConfigureAwait(false) is { } way
            ? await ReadAsync(way, cancellationToken).ConfigureAwait(false)
            : throw (IsTooLong(reason) ? new ListTooLongException(client.Address, reason) : reason);

    /// <summary>A reply to a list that was short may have been lost, or late; one to the next try as well is too long: others have put into the list what they like.</summary>
    private bool IsTooLong(KamailioRpcException reason)
    {
        var wasSilent = _wasSilent;
        _wasSilent = true;
        return IsLong || wasSilent || reason is KamailioFaultException;
    }

    private async Task<DispatcherList> ReadAsync(IRpcClient way, CancellationToken cancellationToken)
    {
        var list = await way.ListDestinationsAsync(ListMode.Normal, cancellationToken).ConfigureAwait(false);
        _length = list.Length + (BytesOfLatency * list.Destinations.Count(static destination => destination.Latency is { Average: 0 }));
        _isReckoned = false;
        _wasSilent = false;

        // Where it is longer than it may be for the way of changes alone, the other way has been searched for.
        _size = new ListSize(list.Destinations.Count, _length.Value, ReferenceEquals(way, client) && client.Address.ReplyLimit is { } limit ? (long)(limit * FullPart) : null);
        return list;
    }
}
