using KamRpcDispatcher.Push.Rpc;

namespace KamRpcDispatcher.Push;

/// <summary>Kamailio answers, but not to <c>dispatcher.list</c>: it drops a reply that does not fit into a datagram.</summary>
public sealed class ListTooLongException(Exception timeout) : KamailioRpcException(
    "Kamailio answers, but not with its list: it is longer than the 128 KiB of a datagram (about 650 destinations with pretty_format 0). Open the FIFO (KAMRPC_TRANSPORT 6) and name it with --kamailio-read jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo",
    timeout)
{
    public override bool IsTransient => true;
}
