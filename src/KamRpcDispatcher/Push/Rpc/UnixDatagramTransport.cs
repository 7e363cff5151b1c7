using System.Globalization;
using System.Net.Sockets;
using StreamJsonRpc;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Kamailio's JSON-RPC over the Unix datagram socket of its jsonrpcs module.</summary>
/// <param name="address">Kamailio's socket.</param>
/// <param name="replyDirectory">A directory of ours for the reply socket; made when missing.</param>
internal sealed class UnixDatagramTransport(KamailioAddress address, string replyDirectory) : IRpcTransport
{
    public string Address => address.ToString();

    /// <summary>When the socket was made, to some milliseconds: Kamailio makes it once, at its start. A socket's time of modification does not change.</summary>
    public string Peer
    {
        get
        {
            try
            {
                return File.GetLastWriteTimeUtc(address.Path).ToString("O", CultureInfo.InvariantCulture);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Whatever is in the way is said by the call that follows.
                return string.Empty;
            }
        }
    }

    public IJsonRpcMessageHandler Connect()
    {
        if (!File.Exists(address.Path))
        {
            throw new KamailioUnreachableException(Address, "there is no such socket, or this user may not enter its directory", null);
        }

        try
        {
            return new DatagramMessageHandler(ReplySocket.Connect(address.Path, replyDirectory), new JsonRpcFormatter());
        }
        catch (SocketException exception)
        {
            throw new KamailioUnreachableException(Address, exception.Message, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KamailioUnreachableException(Address, exception.Message, exception);
        }
    }
}
