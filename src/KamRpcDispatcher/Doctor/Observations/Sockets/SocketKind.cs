namespace KamRpcDispatcher.Doctor.Observations.Sockets;

/// <summary>The ways into Kamailio's RPC, by the module and the parameter that open them.</summary>
internal enum SocketKind
{
    /// <summary>jsonrpcs, <c>dgram_socket</c>.</summary>
    JsonDatagram,

    /// <summary>jsonrpcs, <c>fifo_name</c>.</summary>
    JsonFifo,

    /// <summary>jsonrpcs, <c>tcp_socket</c>.</summary>
    JsonTcp,

    /// <summary>ctl, <c>binrpc</c> and <c>fifo</c>.</summary>
    Ctl,

    /// <summary>xhttp, on a SIP socket.</summary>
    Http,
}
