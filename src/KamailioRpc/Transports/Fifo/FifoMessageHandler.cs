using System.IO.Pipelines;
using KamailioRpc.Errors;
using KamailioRpc.Json;

namespace KamailioRpc.Transports.Fifo;

/// <summary>Requests into Kamailio's FIFO, replies out of one of ours.</summary>
internal sealed class FifoMessageHandler : StreamMessageHandler
{
    private const int ChunkLength = 64 * 1024;

    /// <summary>What is read ahead of the reply that is being examined.</summary>
    private const int MostAhead = 1024 * 1024;

    /// <summary>PIPE_BUF: more is written in parts, between which another client's request may come: neither can be read then. (Kamailio's own buffer has 8 KiB.)</summary>
    private const int LongestRequest = 4096;

    /// <summary>The thread is woken by a descriptor that it waits for, so it ends at once; should it not, it is left to itself.</summary>
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(2);

    private readonly KamailioAddress _address;
    private readonly RequestFifo _requests;
    private readonly ReplyFifo _replies;
    private readonly Pipe _incoming;
    private readonly Task _pumping;
    private volatile bool _isDisposed;

    public FifoMessageHandler(KamailioAddress address, RequestFifo requests, ReplyFifo replies, int maxReplyLength)
        : this(
            address,
            requests,
            replies,
            maxReplyLength,
            new Pipe(new PipeOptions(pauseWriterThreshold: MostAhead, resumeWriterThreshold: MostAhead / 2, useSynchronizationContext: false)))
    {
    }

    private FifoMessageHandler(KamailioAddress address, RequestFifo requests, ReplyFifo replies, int maxReplyLength, Pipe incoming)
        : base(incoming.Reader, Stream.Null, new JsonFraming(), maxReplyLength, new JsonRpcFormatter(replies.Name))
    {
        _address = address;
        _requests = requests;
        _replies = replies;
        _incoming = incoming;

        // A FIFO cannot be waited for asynchronously: one thread waits for as long as the connection is open.
        _pumping = Task.Factory.StartNew(Pump, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public override bool CanBeReplied => _replies.IsThere;

    public override string? Doubt => _replies.Doubt;

    protected override async ValueTask WriteAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        request = FifoEscapes.Apply(request);
        if (request.Length > LongestRequest)
        {
            throw new KamailioUnsafeRequestException("a request", $"it has {request.Length} bytes, and a FIFO takes {LongestRequest} in one piece; use another way to Kamailio, or fewer attributes");
        }

        try
        {
            await _requests.WriteAsync(request, cancellationToken).ConfigureAwait(false);
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
            _replies.Wake();
            _incoming.Writer.CancelPendingFlush();
            if (_pumping.Wait(LongestEnd))
            {
                _replies.Dispose();
            }

            _requests.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Pump()
    {
        try
        {
            while (!_isDisposed && _replies.Read(_incoming.Writer.GetSpan(ChunkLength)) is { } length)
            {
                _incoming.Writer.Advance(length);

                // Waits while more than MostAhead was not examined; Dispose cancels it.
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
