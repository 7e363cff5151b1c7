using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;

namespace KamRpcDispatcher.Etcd;

/// <summary>One watch on one raw stream, with a watchdog: a server that hangs, or a connection that died silently, ends it within seconds.</summary>
internal sealed class WatchStream : IAsyncDisposable
{
    private const long WatchId = 1;

    /// <summary>Silence after which the server is asked for a sign of life, and after which it counts as gone.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _life;
    private readonly AsyncDuplexStreamingCall<WatchRequest, WatchResponse> _call;
    private readonly TimeProvider _timeProvider;

    private WatchStream(CancellationTokenSource life, AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call, TimeProvider timeProvider)
    {
        _life = life;
        _call = call;
        _timeProvider = timeProvider;
    }

    public static async Task<WatchStream> OpenAsync(
        Watch.WatchClient client,
        ByteString key,
        ByteString rangeEnd,
        long startRevision,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // Without it a watch on a member that has lost its quorum stays open and silent.
        var call = client.Watch(new Metadata { { "hasleader", "true" } }, cancellationToken: life.Token);
        var stream = new WatchStream(life, call, timeProvider);
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

    /// <summary>The next response; progress replies have no events.</summary>
    /// <exception cref="RpcException">The stream broke, or ended, or the server gave no sign of life.</exception>
    public async Task<WatchResponse> ReadAsync(CancellationToken cancellationToken)
    {
        var next = _call.ResponseStream.MoveNext(_life.Token);
        try
        {
            if (!await ArrivesAsync(next, cancellationToken).ConfigureAwait(false))
            {
                await WriteAsync(new WatchRequest { ProgressRequest = new WatchProgressRequest() }).ConfigureAwait(false);
                if (!await ArrivesAsync(next, cancellationToken).ConfigureAwait(false))
                {
                    throw Unavailable($"no sign of life for {2 * Silence.TotalSeconds:0} s");
                }
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
    }

    private async Task<bool> ArrivesAsync(Task next, CancellationToken cancellationToken)
    {
        try
        {
            await next.WaitAsync(Silence, _timeProvider, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
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
            throw Unavailable("it takes no requests");
        }
    }

    private static RpcException Unavailable(string detail) => new(new Status(StatusCode.Unavailable, detail));
}
