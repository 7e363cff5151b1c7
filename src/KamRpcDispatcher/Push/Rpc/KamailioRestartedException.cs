namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Kamailio's socket was made anew while a reply was waited for. Whether the request was carried out is unknown, and by which Kamailio.</summary>
public sealed class KamailioRestartedException(string method)
    : KamailioRpcException($"{method}: Kamailio was restarted before it replied", null)
{
    public override bool IsTransient => true;
}
