namespace KamRpcDispatcher.Testing;

/// <summary>A fault that an RPC server answered to <see cref="DatagramClient.CallAsync"/>.</summary>
public sealed class RpcCallException(int code, string message) : Exception(message)
{
    public int Code => code;
}
