using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

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

    /// <summary>What an entry takes in a reply beside its URI and its attributes, before any was seen.</summary>
    private const int BytesOfEntry = 200;

    /// <summary>From so many entries on their average counts.</summary>
    private const int Sample = 10;

    /// <summary>What ctl answers when the list does not fit into its buffers.</summary>
    private const string NoRoom = "Internal error";

    /// <summary>How long the list was, and what was added since; before the first reading it may be of any length.</summary>
    private long? _length;

    /// <summary>What an entry took in the last reply; 0 where it held too few to tell.</summary>
    private long _average;

    public KamailioAddress Address => client.Address;

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
        var isFull = (client.Address.ReplyLimit is { } limit && (_length ?? 0) + BytesOf(add) > limit * FullPart)
            || (client.Address.DestinationsOfSetLimit is { } most && destinationsOfSet >= most);
        return !isFull || await other.GetAsync(cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>A destination was added since the last reading.</summary>
    public void Added(AddDestination add) => _length += BytesOf(add);

    private long BytesOf(AddDestination add) => Math.Max(_average, BytesOfEntry + add.Uri.Length + add.Attributes.Length);

    private async Task<DispatcherList> ReadTheOtherWayAsync(KamailioRpcException reason, CancellationToken cancellationToken) =>
        await other.GetAsync(cancellationToken).ConfigureAwait(false) is { } way
            ? await ReadAsync(way, cancellationToken).ConfigureAwait(false)
            : throw new ListTooLongException(client.Address, reason);

    private async Task<DispatcherList> ReadAsync(IRpcClient way, CancellationToken cancellationToken)
    {
        var list = await way.ListDestinationsAsync(ListMode.Normal, cancellationToken).ConfigureAwait(false);
        (_length, _average) = (list.Length, list.Count >= Sample ? list.Length / list.Count : 0);
        return list;
    }
}
