namespace KamailioRpc;

/// <summary>No reply came in time. Whether the request was carried out is unknown; only Kamailio's state can tell.</summary>
public sealed class KamailioTimeoutException(string method, TimeSpan timeout)
    : KamailioRpcException($"{method}: no reply from Kamailio within {timeout.TotalMilliseconds:0} ms", null)
{
    public override bool IsTransient => true;
}
