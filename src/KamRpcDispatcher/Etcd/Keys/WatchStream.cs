using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamailioRpc;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>One watch on one raw stream, with a watchdog: a server that hangs, or a connection that died silently, ends it within seconds.</summary>
internal sealed class WatchStream : IAsyncDisposable
{
    private const long WatchId = 1;

    /// <summary>Silence after which the server is asked for a sign of life, and after which it counts as gone.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    /// <summary>The same where it matters whether the server is there.</summary>
    private static readonly TimeSpan ShortSilence = TimeSpan.FromSeconds(0.5);

    /// <summary>Whoever waits for so much longer than he wanted to has stood still himself, perhaps together with the server.</summary>
    private static readonly TimeSpan Standstill = TimeSpan.FromSeconds(1.5);

    /// <summary>A server that leaves the question for a sign of life unanswered for so long was away; one that is busy is not.</summary>
    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(0.5);

    /// <summary>The same when a call over the same connection was not answered.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _life;
    private readonly EtcdLine _line;
    private readonly AsyncDuplexStreamingCall<WatchRequest, WatchResponse> _call;
    private readonly TimeProvider _timeProvider;
    private bool _wasDoubted;

    private WatchStream(EtcdLine line, CancellationTokenSource life, AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call, TimeProvider timeProvider)
    {
        _line = line;
        _life = life;
        _call = call;
        _timeProvider = timeProvider;
    }

    public static async Task<WatchStream> OpenAsync(
        EtcdConnection store,
        ByteString key,
        ByteString rangeEnd,
        long startRevision,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        var line = store.Hold();
        var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // Without it a watch on a member that has lost its quorum stays open and silent.
        var call = line.Watches.Watch(new Metadata { { "hasleader", "true" } }, cancellationToken: life.Token);
        var stream = new WatchStream(line, life, call, timeProvider);
        try
        {
            var create = new WatchCreateRequest { Key = key, RangeEnd = rangeEnd, StartRevision = startRevision, Fragment = true, WatchId = WatchId };
            await stream.WriteAsync(new WatchRequest { CreateRequest = create }).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether the server was away before the newest response came, or may have been while this process stood still.</summary>
    public bool WasAway { get; private set; }

    /// <summary>The next response; progress replies have no events.</summary>
    /// <param name="isUrgent">Whether to ask for a sign of life soon.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RpcException">The stream broke, or ended, or the server gave no sign of life.</exception>
    public async Task<WatchResponse> ReadAsync(bool isUrgent, CancellationToken cancellationToken)
    {
        var next = _call.ResponseStream.MoveNext(_life.Token);
        var (begun, silence) = (_timeProvider.GetTimestamp(), isUrgent ? ShortSilence : Silence);
        try
        {
            var hasArrived = await ArrivesUndoubtedAsync(next, silence, cancellationToken).ConfigureAwait(false);
            WasAway = _timeProvider.GetElapsedTime(begun) > silence + Standstill;
            if (!hasArrived)
            {
                var asked = _timeProvider.GetTimestamp();
                await WriteAsync(new WatchRequest { ProgressRequest = new WatchProgressRequest() }).ConfigureAwait(false);
                if (!await _line.ArrivesAsync(next, _wasDoubted ? Doubt : Silence, _timeProvider, cancellationToken).ConfigureAwait(false))
                {
                    throw Unanswered(_wasDoubted ? "no sign of life over a connection that others had no answer from" : $"no sign of life for {DurationText.Of(2 * Silence)}");
                }

                WasAway |= _timeProvider.GetElapsedTime(asked) > Absence;
            }

            return await next.ConfigureAwait(false) ? _call.ResponseStream.Current : throw Unavailable("the server ended the watch");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable("the watch was cut off");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        _call.Dispose();
        _life.Dispose();
        _line.Leave();
    }

    /// <summary>False after a time of silence, or when another call had no answer over the same connection, which is told once.</summary>
    private async Task<bool> ArrivesUndoubtedAsync(Task next, TimeSpan silence, CancellationToken cancellationToken)
    {
        using var doubt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _wasDoubted ? CancellationToken.None : _line.Suspected);
        try
        {
            return await _line.ArrivesAsync(next, silence, _timeProvider, doubt.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && !_wasDoubted && _line.Suspected.IsCancellationRequested && !next.IsCompleted)
        {
            _wasDoubted = true;
            return false;
        }
    }

    /// <summary>A write to a server that hangs would wait for its window to open.</summary>
    private async Task WriteAsync(WatchRequest request)
    {
        try
        {
            await _call.RequestStream.WriteAsync(request, _life.Token).WaitAsync(Silence, _timeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw Unanswered("it takes no requests");
        }
    }

    private static RpcException Unanswered(string detail) => new(new Status(StatusCode.DeadlineExceeded, detail));

    private static RpcException Unavailable(string detail) => new(new Status(StatusCode.Unavailable, detail));
}
