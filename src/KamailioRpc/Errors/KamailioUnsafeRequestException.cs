namespace KamailioRpc.Errors;

/// <summary>The request would crash this Kamailio, or garble what others send it, and was not sent.</summary>
public sealed class KamailioUnsafeRequestException(string method, string reason)
    : KamailioRpcException($"{method} is not sent: {reason}", null)
{
    /// <inheritdoc/>
    public override bool IsTransient => true;
}
