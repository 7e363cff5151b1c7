using KamailioRpc;
using KamailioRpc.Errors;

namespace KamRpcDispatcher.Push.Reading;

/// <summary>Kamailio answers, but not to <c>dispatcher.list</c>: it has no room for a reply of that length.</summary>
public sealed class ListTooLongException(KamailioAddress address, KamailioRpcException reason)
    : KamailioRpcException($"Kamailio answers, but not with its list: it is longer than {Limit(address)}. {AnotherWay(address)}", reason)
{
    /// <summary>What the list was when it could be read last, with the state changes since; null when this Kamailio's was never read.</summary>
    public DispatcherTable? LastKnown { get; init; }

    public override bool IsTransient => true;

    /// <summary>What an operator can do.</summary>
    internal static string AnotherWay(KamailioAddress address) =>
        (address.Protocol == RpcProtocol.BinRpc ? """Set modparam("ctl", "binrpc_struct_max_body_size", 64), or open""" : "Open")
        + " the FIFO (KAMRPC_TRANSPORT 6) where kamrpc may write to it: it is found beside the socket, elsewhere name it with --kamailio-read jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo";

    private static string Limit(KamailioAddress address) => address switch
    {
        { Protocol: RpcProtocol.BinRpc } => "ctl's buffers (8 KiB hold a set of 1,024 destinations)",
        { Transport: RpcTransport.Udp } => "the 64 KiB of a datagram (about 320 destinations with pretty_format 0)",
        _ => "the 128 KiB of a datagram (about 600 destinations with pretty_format 0, 400 from Kamailio 6.1 on)",
    };
}
