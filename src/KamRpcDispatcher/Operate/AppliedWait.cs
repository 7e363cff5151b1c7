using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;

namespace KamRpcDispatcher.Operate;

/// <summary>Follows the proxies' reports until each has applied what was wished. It is opened before that is written, so that the answer finds somebody who listens.</summary>
/// <remarks>What counts is what stands there, not what was heard: after an outage of etcd all is read again.</remarks>
public sealed class AppliedWait : IAsyncDisposable
{
    private readonly EtcdConnection _store;
    private readonly EtcdKeys _keys;
    private readonly TimeProvider _timeProvider;
    private readonly AppliedReports _reports;
    private readonly CancellationTokenSource _life = new();
    private volatile TaskCompletionSource _news = NewSignal();
    private volatile string? _outage;
    private Task _following = Task.CompletedTask;

    private AppliedWait(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
    {
        (_store, _keys, _timeProvider) = (store, keys, timeProvider);
        _reports = new AppliedReports(keys, timeProvider);
    }

    /// <summary>Reads the reports, and begins to follow them.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public static async Task<AppliedWait> OpenAsync(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var wait = new AppliedWait(store, keys, timeProvider);
        var listed = await EtcdUnreachableException.GuardAsync(store, () => wait.ListAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        wait._reports.Replace(listed);
        wait._following = wait.FollowAsync(listed.Revision, wait._life.Token);
        return wait;
    }

    /// <summary>How the proxies are with it now.</summary>
    public AppliedState StateOf(AppliedTarget target) => _reports.StateOf(target) with { Outage = _outage };

    /// <summary>Returns when every proxy has applied it, or when there is nobody who could.</summary>
    /// <param name="target">What is waited for.</param>
    /// <param name="seen">Told at the beginning, and after each report.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<AppliedState> UntilAppliedAsync(AppliedTarget target, Action<AppliedState> seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seen);
        while (true)
        {
            // In this order: what comes after the reports were looked at ends the wait.
            var news = _news.Task;
            var state = StateOf(target);
            seen(state);
            if (state.IsApplied || state.HasNobody)
            {
                return state;
            }

            await await Task.WhenAny(news, _following).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _life.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<KeyListing> ListAsync(CancellationToken cancellationToken) => new KeyPages(_store, _timeProvider).ReadAsync(_keys.Proxies, cancellationToken: cancellationToken);

    private void Tell() => Interlocked.Exchange(ref _news, NewSignal()).TrySetResult();

    /// <param name="listed">The revision of the listing that was taken already.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async Task FollowAsync(long listed, CancellationToken cancellationToken)
    {
        for (long? from = listed; ; from = null)
        {
            var begun = _timeProvider.GetTimestamp();
            try
            {
                await WatchAsync((from ?? await ListAgainAsync(cancellationToken).ConfigureAwait(false)) + 1, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
                _store.Failed(exception, begun);
                _outage = EtcdFailure.Describe(exception);
                Tell();
                await Task.Delay(EtcdCall.RetryPause, _timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<long> ListAgainAsync(CancellationToken cancellationToken)
    {
        var listed = await ListAsync(cancellationToken).ConfigureAwait(false);
        _reports.Replace(listed);
        _outage = null;
        Tell();
        return listed.Revision;
    }

    /// <summary>Returns when the reports must be listed again.</summary>
    private async Task WatchAsync(long from, CancellationToken cancellationToken)
    {
        var begun = _timeProvider.GetTimestamp();
        var stream = await WatchStream.OpenAsync(_store, ByteString.CopyFromUtf8(_keys.Proxies), EtcdKeys.PrefixEnd(_keys.Proxies), from, _timeProvider, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            while (true)
            {
                var response = await stream.ReadAsync(isUrgent: false, cancellationToken).ConfigureAwait(false);
                if (response.Canceled)
                {
                    if (response.CompactRevision == 0)
                    {
                        throw new RpcException(new Status(StatusCode.PermissionDenied, response.CancelReason));
                    }

                    return;
                }

                _store.Succeeded(begun);
                if (response.Events.Count > 0)
                {
                    _reports.Apply(response.Events);
                    Tell();
                }
            }
        }
    }
}
