using KamailioRpc.Errors;

namespace KamailioRpc.Transports;

/// <summary>Opens connections to one Kamailio.</summary>
internal interface IRpcTransport
{
    KamailioAddress Address { get; }

    /// <summary>What tells the Kamailio that is there now from one before or after it; empty where nothing does.</summary>
    string InstanceToken { get; }

    /// <summary>How many addresses there are to be tried, one connection after the other, where nobody listens at one.</summary>
    int Ways => 1;

    /// <summary>Whether a connection carries one call only.</summary>
    bool IsOneShot { get; }

    /// <exception cref="KamailioUnreachableException">Nobody listens there, or not for us.</exception>
    ValueTask<RpcMessageHandler> ConnectAsync(CancellationToken cancellationToken);
}
