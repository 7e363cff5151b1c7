namespace KamRpcDispatcher.Push.Rpc;

/// <summary>How requests reach Kamailio and replies come back.</summary>
public enum RpcTransport
{
    /// <summary>JSON-RPC over the Unix datagram socket of jsonrpcs: replies up to 128 KiB.</summary>
    UnixDatagram,

    /// <summary>JSON-RPC over the FIFO of jsonrpcs: replies of any size.</summary>
    Fifo,
}
