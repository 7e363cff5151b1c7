using StreamJsonRpc;

namespace KamailioRpc;

/// <summary>
/// The ids of one connection's requests on the wire. Each connection starts somewhere else, so that a reply that was meant for an earlier
/// one, and finds its way to this (a UDP port is used again), answers none of its requests.
/// </summary>
internal sealed class RequestIds
{
    /// <summary>Positive in 32 bits, which is what both protocols keep whole, with room for more requests than a connection has.</summary>
    private readonly long _first = Random.Shared.Next(1, 1 << 30);

    public uint ToWire(RequestId id) => (uint)(_first + (id.Number ?? throw new NotSupportedException("Kamailio answers requests with a number only.")));

    public RequestId FromWire(long id) => new(id - _first);
}
