namespace KamRpcDispatcher.Doctor.Observations.Sockets;

/// <summary>One way into Kamailio's RPC: whoever may use it controls Kamailio.</summary>
/// <param name="Kind">What opens it.</param>
/// <param name="Name">Its path, or its address.</param>
internal sealed record RpcSocket(SocketKind Kind, string Name)
{
    /// <summary>The file, where it is one.</summary>
    public FileRights? File { get; init; }

    /// <summary>The file's directory.</summary>
    public FileRights? Directory { get; init; }

    /// <summary>The host, where it is reached over IP.</summary>
    public string? Host { get; init; }

    /// <summary>The port, as <see cref="Host"/>.</summary>
    public int Port { get; init; }
}
