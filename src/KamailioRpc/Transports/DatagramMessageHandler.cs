using System.Buffers;
using System.Net.Sockets;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Transports;

/// <summary>Messages in datagrams, over a connected socket: a request in one, a reply in one or, where there is a framing, in several.</summary>
/// <param name="socket">Connected.</param>
/// <param name="connection">What is closed with this: the socket, and what belongs to it.</param>
/// <param name="maxDatagram">One byte more than the longest datagram, so that one that was cut is seen.</param>
/// <param name="framing">Tells whether a reply is whole; null where every datagram is one.</param>
/// <param name="formatter">Reads and writes messages.</param>
internal sealed class DatagramMessageHandler(Socket socket, IDisposable connection, int maxDatagram, IFraming? framing, IJsonRpcMessageFormatter formatter)
    : RpcMessageHandler(formatter)
{
    private readonly byte[] _datagram = GC.AllocateUninitializedArray<byte>(maxDatagram);
    private readonly ArrayBufferWriter<byte> _pieces = new();
    private readonly ArrayBufferWriter<byte> _request = new();

    /// <summary>Told that nobody has the port there: which of a socket's calls gets that is chance.</summary>
    public Action? Refused { get; init; }

    public override bool CanBeReplied => (connection as ReplySocket)?.IsThere ?? true;

    protected override async ValueTask<JsonRpcMessage?> ReadCoreAsync(CancellationToken cancellationToken)
    {
        JsonRpcMessage? reply;
        do
        {
            var length = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
            reply = Take(_datagram.AsMemory(0, length));
        }
        while (reply is null or UnmatchedReply);

        return reply;
    }

    protected override async ValueTask SendAsync(JsonRpcMessage request, CancellationToken cancellationToken)
    {
        _request.ResetWrittenCount();
        Formatter.Serialize(_request, request);
        try
        {
            await socket.SendAsync(_request.WrittenMemory, SocketFlags.None, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            Refused?.Invoke();
            throw;
        }
    }

    private async ValueTask<int> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await socket.ReceiveAsync(_datagram, SocketFlags.None, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            Refused?.Invoke();
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connection.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>The reply that ends with this datagram; null when more of it is to come.</summary>
    private JsonRpcMessage? Take(ReadOnlyMemory<byte> datagram)
    {
        if (datagram.IsEmpty)
        {
            throw new KamailioMalformedReplyException("it is empty");
        }

        if (datagram.Length >= maxDatagram)
        {
            throw new KamailioMalformedReplyException($"it is longer than {maxDatagram - 1} bytes");
        }

        if (framing is null)
        {
            return Formatter.Deserialize(new ReadOnlySequence<byte>(datagram));
        }

        _pieces.Write(datagram.Span);
        var message = new ReadOnlySequence<byte>(_pieces.WrittenMemory);
        if (framing.Find(message) is null)
        {
            return null;
        }

        // All of it: what is more than one reply cannot be one.
        var reply = Formatter.Deserialize(message);
        _pieces.ResetWrittenCount();
        return reply;
    }
}
