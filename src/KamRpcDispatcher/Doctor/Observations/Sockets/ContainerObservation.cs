using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Doctor.Observations.Sockets;

/// <summary>What was seen of the container around this process: what it has in common with Kamailio's.</summary>
/// <param name="Socket">Kamailio's socket, there or not.</param>
internal sealed record ContainerObservation(string Socket)
{
    /// <summary>What the runtimes make themselves, also in a container that has no volume.</summary>
    private static readonly string[] OfNobodyElse = ["/", "/run", "/var/run", "/tmp", "/var/tmp"];

    /// <summary>Whether the socket can be seen.</summary>
    public bool IsThere { get; init; }

    /// <summary>Whether Kamailio has replied.</summary>
    public bool IsAnswered { get; init; }

    /// <summary>As whom this process runs.</summary>
    public required ContainerUser Self { get; init; }

    /// <summary>Whose the socket is, or as much of the way to it as can be seen.</summary>
    public ContainerUser? Owner { get; init; }

    /// <summary>As whom Kamailio runs; null when its processes are not here.</summary>
    public ContainerUser? Kamailio { get; init; }

    /// <summary>What is mounted where the socket is.</summary>
    public Mount? SocketMount { get; init; }

    /// <summary>What is mounted where the sockets for replies are made; null where none are.</summary>
    public Mount? ReplyMount { get; init; }

    /// <summary>Whether another container can have the socket's directory too.</summary>
    public bool HasVolume => SocketMount is { } mount && !OfNobodyElse.Contains(mount.Point);

    /// <summary>Whether replies may go astray: Kamailio sees what is on the volume of its socket, and of other places nobody knows.</summary>
    public bool HasRepliesElsewhere => IsThere && !IsAnswered && ReplyMount is not null && ReplyMount != SocketMount;

    /// <summary>Whether a socket that is open to its owner only is shut to this process.</summary>
    public bool IsStranger => Self.User != 0 && Owner is { } owner && owner.User != 0 && owner.User != Self.User;

    public string SocketDirectory => Path.GetDirectoryName(Socket) ?? "/";
}

/// <summary>A user and a group by their numbers, as container runtimes take them.</summary>
internal readonly record struct ContainerUser(uint User, uint Group)
{
    public override string ToString() => FormattableString.Invariant($"{User}:{Group}");
}
