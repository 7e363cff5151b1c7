namespace KamailioRpc;

/// <summary>The request did not reach Kamailio: nothing was done.</summary>
public sealed class KamailioUnreachableException(KamailioAddress address, string reason, Exception? innerException)
    : KamailioRpcException($"Kamailio does not listen on {address}: {reason}", innerException)
{
    public override bool IsTransient => true;
}
