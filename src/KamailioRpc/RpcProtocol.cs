namespace KamailioRpc;

/// <summary>How requests and replies are written.</summary>
public enum RpcProtocol
{
    /// <summary>JSON-RPC 2.0, by Kamailio's jsonrpcs module.</summary>
    JsonRpc,

    /// <summary>BINRPC, by Kamailio's ctl module.</summary>
    BinRpc,
}
