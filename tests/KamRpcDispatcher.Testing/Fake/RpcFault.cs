namespace KamRpcDispatcher.Testing;

/// <summary>A fault that Kamailio answers: code 500 for all of those that the dispatcher module raises.</summary>
internal sealed class RpcFault(string message) : Exception(message)
{
    public int Code { get; init; } = 500;
}
