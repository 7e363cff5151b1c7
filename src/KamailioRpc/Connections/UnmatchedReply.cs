using StreamJsonRpc.Protocol;

namespace KamailioRpc.Connections;

/// <summary>A reply that no request waits for. It is passed over: to StreamJsonRpc it would be a reason to end the connection.</summary>
internal sealed class UnmatchedReply : JsonRpcMessage
{
    public static UnmatchedReply Instance { get; } = new();
}
