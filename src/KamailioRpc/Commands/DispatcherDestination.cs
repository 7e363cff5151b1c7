namespace KamailioRpc.Commands;

/// <summary>A destination as <c>dispatcher.list</c> shows it. What the release, the mode or the configuration leaves out is null or empty.</summary>
public sealed record DispatcherDestination
{
    /// <summary>SET.ID.</summary>
    public required int Set { get; init; }

    /// <summary>URI, by which Kamailio identifies the destination.</summary>
    public required string Uri { get; init; }

    /// <summary>
    /// Whether all texts are what Kamailio has. Where they are not, some of its bytes are no UTF-8 and shown as <c>\xNN</c>: such an entry
    /// is nobody's but whoever made it, whatever its attributes say, and its texts are not to be sent back. The URI is always exact.
    /// </summary>
    public bool IsExact { get; init; } = true;

    /// <summary>The first letter of FLAGS.</summary>
    public required DestinationState State { get; init; }

    /// <summary>Whether the second letter of FLAGS is P: Kamailio sends OPTIONS to it.</summary>
    public bool IsProbed { get; init; }

    /// <summary>PRIORITY; the higher comes first.</summary>
    public int Priority { get; init; }

    /// <summary>ATTRS.BODY: the attributes as they were given, <c>name=value;name=value</c>.</summary>
    public string Attributes { get; init; } = string.Empty;

    /// <summary>ATTRS.DUID.</summary>
    public string Duid { get; init; } = string.Empty;

    /// <summary>ATTRS.MAXLOAD: the calls that it takes at a time, for algorithm 10; 0 for any number.</summary>
    public int MaxLoad { get; init; }

    /// <summary>ATTRS.WEIGHT: per cent, for algorithm 9.</summary>
    public int Weight { get; init; }

    /// <summary>ATTRS.RWEIGHT: relative, for algorithm 11.</summary>
    public int RelativeWeight { get; init; }

    /// <summary>ATTRS.SOCKET: the local socket to send from.</summary>
    public string Socket { get; init; } = string.Empty;

    /// <summary>ATTRS.SOCKNAME: the same by name.</summary>
    public string SocketName { get; init; } = string.Empty;

    /// <summary>ATTRS.OBPROXY: an outbound proxy.</summary>
    public string OutboundProxy { get; init; } = string.Empty;

    /// <summary>LATENCY, with <c>ds_ping_latency_stats</c> only.</summary>
    public DestinationLatency? Latency { get; init; }

    /// <summary>RUNTIME.DLGLOAD: the calls that algorithm 10 has given it and that are still up, with <c>ds_hash_size</c> only.</summary>
    public int? DialogLoad { get; init; }

    /// <summary>HOST, in the full list only.</summary>
    public string? Host { get; init; }

    /// <summary>IPADDR, to which HOST was resolved, in newer releases' full list only.</summary>
    public string? IpAddress { get; init; }

    /// <summary>PORT, in the full list only.</summary>
    public int? Port { get; init; }
}
