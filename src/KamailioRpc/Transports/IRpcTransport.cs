using KamailioRpc.Errors;

namespace KamailioRpc.Transports;

/// <summary>Opens connections to one Kamailio.</summary>
internal interface IRpcTransport
{
    KamailioAddress Address { get; }

    /// <summary>What tells the Kamailio that is there now from one before or after it; empty where nothing does.</summary>
    string Peer { get; }

    /// <summary>Whether a connection carries one call only.</summary>
    bool IsOneShot { get; }

    /// <exception cref="KamailioUnreachableException">Nobody listens there, or not for us.</exception>
    ValueTask<RpcMessageHandler> ConnectAsync(CancellationToken cancellationToken);
}
