using System.IO.Pipelines;
using System.Net.Sockets;
using KamailioRpc.Binrpc;
using KamailioRpc.Errors;
using KamailioRpc.Json;

namespace KamailioRpc.Transports;

/// <summary>Kamailio's ctl module over TCP or a Unix stream socket, and its jsonrpcs module over TCP.</summary>
/// <remarks>
/// The one process of jsonrpcs that serves TCP waits for the first connection's request before it takes the next connection, answers one
/// request and closes: a connection is opened for a call, and never held open. That of ctl serves up to 128 connections, each for many calls.
/// </remarks>
internal sealed class StreamTransport(KamailioAddress address, RpcClientOptions options) : IRpcTransport
{
    private static readonly StreamPipeReaderOptions ReaderOptions = new(bufferSize: 64 * 1024, minimumReadSize: 16 * 1024);

    public KamailioAddress Address => address;

    public string InstanceToken => address.Path is { } path ? SocketFile.Incarnation(path) : string.Empty;

    public bool IsOneShot => address.Protocol == RpcProtocol.JsonRpc;

    public async ValueTask<RpcMessageHandler> ConnectAsync(CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            if (address.Path is { } path)
            {
                SocketFile.Require(address);
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            }
            else
            {
                socket = await NameResolver.Shared.ConnectAsync(address.Host!, address.Port, cancellationToken).ConfigureAwait(false);
            }

            var stream = new NetworkStream(socket, ownsSocket: true);
            return address.Protocol == RpcProtocol.BinRpc
                ? new StreamMessageHandler(PipeReader.Create(stream, ReaderOptions), stream, new BinrpcFraming(options.MaxReplyLength), options.MaxReplyLength, new BinrpcFormatter())
                : new StreamMessageHandler(PipeReader.Create(stream, ReaderOptions), stream, new JsonFraming(), options.MaxReplyLength, new JsonRpcFormatter());
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw new KamailioUnreachableException(address, SocketFile.Reason(address, exception), exception);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }
}
