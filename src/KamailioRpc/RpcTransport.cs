namespace KamailioRpc;

/// <summary>How requests reach Kamailio and replies come back.</summary>
public enum RpcTransport
{
    /// <summary>A Unix datagram socket: replies of up to 128 KiB.</summary>
    UnixDatagram,

    /// <summary>A Unix stream socket.</summary>
    UnixStream,

    /// <summary>UDP: replies of up to 64 KiB.</summary>
    Udp,

    /// <summary>TCP.</summary>
    Tcp,

    /// <summary>A FIFO for requests and another one for replies.</summary>
    Fifo,

    /// <summary>HTTP or HTTPS, by the xhttp module: any of Kamailio's TCP workers carries a request out, several of them at once.</summary>
    Http,
}
