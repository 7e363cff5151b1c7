using System.IO.Pipelines;
using KamailioRpc.Json;

namespace KamailioRpc.Transports;

/// <summary>Requests into Kamailio's FIFO, replies out of one of ours.</summary>
internal sealed class FifoMessageHandler : StreamMessageHandler
{
    private const int ChunkLength = 64 * 1024;

    /// <summary>Kamailio reads a request into a buffer of 8 KiB.</summary>
    private const int LongestRequest = 8191;

    private readonly KamailioAddress _address;
    private readonly ReplyFifo _fifo;
    private readonly Pipe _incoming;
    private readonly Task _pumping;
    private volatile bool _isDisposed;

    public FifoMessageHandler(KamailioAddress address, ReplyFifo fifo, int maxReplyLength)
        : this(address, fifo, maxReplyLength, new Pipe(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false)))
    {
    }

    private FifoMessageHandler(KamailioAddress address, ReplyFifo fifo, int maxReplyLength, Pipe incoming)
        : base(incoming.Reader, fifo.Requests, new JsonFraming(), maxReplyLength, new JsonRpcFormatter(fifo.Name))
    {
        _address = address;
        _fifo = fifo;
        _incoming = incoming;

        // A FIFO cannot be waited for asynchronously: one thread waits for as long as the connection is open.
        _pumping = Task.Factory.StartNew(Pump, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    protected override ValueTask WriteAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        if (request.Length > LongestRequest)
        {
            throw new NotSupportedException($"The request has {request.Length} octets; Kamailio reads {LongestRequest} from its FIFO.");
        }

        // Up to PIPE_BUF (4,096 octets) a write is not mixed with another client's.
        try
        {
            _fifo.Requests.Write(request.Span);
            return default;
        }
        catch (IOException exception)
        {
            // Nobody reads it any more.
            throw new KamailioUnreachableException(_address, exception.Message, exception);
        }
    }

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
