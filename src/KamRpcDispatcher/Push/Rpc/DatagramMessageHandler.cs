using System.IO.Pipelines;
using System.Net.Sockets;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>One message a datagram, over a connected socket. The pipes serve as pooled buffers; a datagram never spans two reads.</summary>
internal sealed class DatagramMessageHandler : MessageHandlerBase
{
    /// <summary>Kamailio's largest datagram reply is 128 KiB; one octet more would show that a reply was cut.</summary>
    private const int MaxDatagram = (128 * 1024) + 1;

    private readonly ReplySocket _connection;
    private readonly Pipe _incoming = new(new PipeOptions(pauseWriterThreshold: 0, minimumSegmentSize: MaxDatagram, useSynchronizationContext: false));
    private readonly Pipe _outgoing = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));

    public DatagramMessageHandler(ReplySocket connection, IJsonRpcMessageFormatter formatter)
        : base(formatter) => _connection = connection;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    protected override async ValueTask<JsonRpcMessage?> ReadCoreAsync(CancellationToken cancellationToken)
    {
        var buffer = _incoming.Writer.GetMemory(MaxDatagram);
        var length = await _connection.Socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken).ConfigureAwait(false);
        if (length == 0)
        {
            throw new KamailioGarbledReplyException("it is empty");
        }

        if (length >= MaxDatagram)
        {
            throw new KamailioGarbledReplyException($"it is longer than {MaxDatagram - 1} octets");
        }

        _incoming.Writer.Advance(length);
        await _incoming.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        var datagram = await _incoming.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return Formatter.Deserialize(datagram.Buffer);
        }
        finally
        {
            _incoming.Reader.AdvanceTo(datagram.Buffer.End);
        }
    }

    protected override async ValueTask WriteCoreAsync(JsonRpcMessage content, CancellationToken cancellationToken)
    {
        Formatter.Serialize(_outgoing.Writer, content);
        await _outgoing.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        var message = await _outgoing.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await _connection.Socket.SendAsync(
                message.Buffer.IsSingleSegment ? message.Buffer.First : System.Buffers.BuffersExtensions.ToArray(message.Buffer),
                SocketFlags.None,
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _outgoing.Reader.AdvanceTo(message.Buffer.End);
        }
    }

    protected override ValueTask FlushAsync(CancellationToken cancellationToken) => default;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _connection.Dispose();
        }

        base.Dispose(disposing);
    }
}
