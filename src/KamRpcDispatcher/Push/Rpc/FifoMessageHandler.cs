using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Requests into Kamailio's FIFO, replies out of one of ours: a stream of JSON objects without frames, of any length.</summary>
internal sealed class FifoMessageHandler : MessageHandlerBase
{
    private const int ChunkLength = 64 * 1024;

    /// <summary>Kamailio reads a request into a buffer of 8 KiB.</summary>
    private const int LongestRequest = 8191;

    private readonly ReplyFifo _fifo;
    private readonly Pipe _incoming = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly JsonObjectScanner _scanner = new();
    private readonly Task _pumping;
    private volatile bool _isDisposed;

    public FifoMessageHandler(ReplyFifo fifo, IJsonRpcMessageFormatter formatter)
        : base(formatter)
    {
        _fifo = fifo;

        // A FIFO cannot be waited for asynchronously: one thread waits for as long as the connection is open.
        _pumping = Task.Factory.StartNew(Pump, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    protected override async ValueTask<JsonRpcMessage?> ReadCoreAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await _incoming.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (Find(read.Buffer) is { } end)
            {
                try
                {
                    return Formatter.Deserialize(read.Buffer.Slice(0, end));
                }
                finally
                {
                    _incoming.Reader.AdvanceTo(end);
                }
            }

            _incoming.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }

    protected override ValueTask WriteCoreAsync(JsonRpcMessage content, CancellationToken cancellationToken)
    {
        var request = new ArrayBufferWriter<byte>();
        Formatter.Serialize(request, content);
        if (request.WrittenCount > LongestRequest)
        {
            throw new NotSupportedException($"The request has {request.WrittenCount} octets; Kamailio reads {LongestRequest} from its FIFO.");
        }

        _fifo.Write(request.WrittenSpan);
        return default;
    }

    protected override ValueTask FlushAsync(CancellationToken cancellationToken) => default;

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            _fifo.Wake();
            _pumping.Wait();
            _fifo.Dispose();
        }

        base.Dispose(disposing);
    }

    private SequencePosition? Find(ReadOnlySequence<byte> buffer)
    {
        try
        {
            return _scanner.Find(buffer);
        }
        catch (JsonException exception)
        {
            throw new KamailioGarbledReplyException("what comes from the FIFO is not JSON", exception);
        }
    }

    private void Pump()
    {
        try
        {
            while (!_isDisposed)
            {
                var length = _fifo.Read(_incoming.Writer.GetSpan(ChunkLength));
                _incoming.Writer.Advance(length);
                _incoming.Writer.FlushAsync().AsTask().GetAwaiter().GetResult();
            }

            _incoming.Writer.Complete();
        }
        catch (IOException exception)
        {
            _incoming.Writer.Complete(exception);
        }
    }
}
