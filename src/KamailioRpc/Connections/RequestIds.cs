using StreamJsonRpc;

namespace KamailioRpc.Connections;

/// <summary>
/// The ids of one connection's requests on the wire, and which of them waits for its reply: a connection carries one call at a time. Each
/// connection starts somewhere else, so that a reply that was meant for an earlier one, and finds its way to this (a UDP port is used
/// again), answers none of its requests.
/// </summary>
/// <param name="first">Added to the library's own numbers.</param>
internal sealed class RequestIds(long first)
{
    private const long None = -1;

    private long _awaited = None;

    /// <summary>Starts anywhere: positive in 32 bits, which is what both protocols keep whole, with room for more requests than a connection has.</summary>
    public RequestIds()
        : this(Random.Shared.Next(1 << 24, 1 << 30))
    {
    }

    /// <summary>A request is about to be sent.</summary>
    public uint ToWire(RequestId id)
    {
        var number = id.Number ?? throw new NotSupportedException("Kamailio answers requests with a number only.");
        Interlocked.Exchange(ref _awaited, number);
        return (uint)(first + number);
    }

    /// <summary>A reply has come; null when no request waits for it.</summary>
    public RequestId? FromWire(long id) =>
        id >= first && Interlocked.CompareExchange(ref _awaited, None, id - first) == id - first ? new RequestId(id - first) : null;
}
