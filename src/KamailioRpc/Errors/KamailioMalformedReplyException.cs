namespace KamailioRpc.Errors;

/// <summary>A reply came that is not one. Whether the request was carried out is unknown.</summary>
public sealed class KamailioMalformedReplyException(string reason, Exception? innerException = null)
    : KamailioRpcException($"Kamailio's reply cannot be read: {reason}", innerException)
{
    /// <inheritdoc/>
    public override bool IsTransient => true;
}
