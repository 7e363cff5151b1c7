namespace KamailioRpc.Errors;

/// <summary>
/// Kamailio closed the connection, or made its socket anew, while a reply was waited for. Whether the request was carried out is unknown,
/// and by which Kamailio.
/// </summary>
public sealed class KamailioGoneException(string method, Exception? innerException = null)
    : KamailioRpcException($"{method}: Kamailio went away before it replied", innerException)
{
    /// <inheritdoc/>
    public override bool IsTransient => true;
}
