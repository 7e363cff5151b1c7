using KamailioRpc;

namespace KamRpcDispatcher.Push;

/// <summary>Kamailio answers, but not to <c>dispatcher.list</c>: it has no room for a reply of that length.</summary>
public sealed class ListTooLongException(KamailioAddress address, KamailioRpcException reason)
    : KamailioRpcException($"Kamailio answers, but not with its list: it is longer than {Limit(address)}", reason)
{
    private const string AnotherWay = "open the FIFO (KAMRPC_TRANSPORT 6) and name it with --kamailio-read jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo";

    public override bool IsTransient => true;

    private static string Limit(KamailioAddress address) => address switch
    {
        { Protocol: RpcProtocol.BinRpc } =>
            """ctl's buffers (8 KiB hold a set of 1,024 destinations). Set modparam("ctl", "binrpc_struct_max_body_size", 64), or """ + AnotherWay,
        { Transport: RpcTransport.Udp } =>
            "the 64 KiB of a datagram (about 320 destinations with pretty_format 0): " + AnotherWay,
        _ =>
            "the 128 KiB of a datagram (about 650 destinations with pretty_format 0): " + AnotherWay,
    };
}
