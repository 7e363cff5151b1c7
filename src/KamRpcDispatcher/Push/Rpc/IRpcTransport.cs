using StreamJsonRpc;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Opens connections to one Kamailio.</summary>
internal interface IRpcTransport
{
    /// <summary>The address, for messages.</summary>
    string Address { get; }

    /// <summary>What tells the Kamailio that is there now from one before or after it; empty where nothing does.</summary>
    string Peer { get; }

    /// <exception cref="KamailioUnreachableException">Nobody listens there, or not for us.</exception>
    IJsonRpcMessageHandler Connect();
}
