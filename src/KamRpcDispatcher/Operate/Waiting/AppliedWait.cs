using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>Follows the proxies' reports until each has applied what was wished. It is opened before that is written, so that the answer finds somebody who listens.</summary>
public sealed class AppliedWait : IAsyncDisposable
{
    private readonly AppliedReports _reports;
    private readonly FollowedReports _followed;
    private readonly Func<long, IAsyncDisposable> _announce;
    private readonly TimeProvider _timeProvider;

    /// <summary>When each proxy was first seen to have applied it, by name.</summary>
    private readonly Dictionary<string, long> _appliedAt = new(StringComparer.Ordinal);
    private long _revision;

    private AppliedWait(AppliedReports reports, FollowedReports followed, Func<long, IAsyncDisposable> announce, TimeProvider timeProvider) =>
        (_reports, _followed, _announce, _timeProvider) = (reports, followed, announce, timeProvider);

    /// <summary>Reads the reports, and begins to follow them.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public static async Task<AppliedWait> OpenAsync(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var reports = new AppliedReports(keys, timeProvider);
        var followed = await FollowedReports.OpenAsync(store, keys.Proxies, "the watch of the proxies", reports, timeProvider, logger, cancellationToken).ConfigureAwait(false);
        return new AppliedWait(reports, followed, revision => new AwaitedRevision(store, keys, revision, timeProvider, logger), timeProvider);
    }

    /// <summary>How the proxies are with it now.</summary>
    public AppliedState StateOf(AppliedTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.Revision != _revision)
        {
            _revision = target.Revision;
            _appliedAt.Clear();
        }

        var state = _reports.StateOf(target);
        var now = _timeProvider.GetTimestamp();
        foreach (var proxy in state.Proxies.Where(static proxy => proxy.IsApplied))
        {
            _appliedAt.TryAdd(proxy.Name, now);
        }

        return state with
        {
            Outage = _followed.Outage,
            Proxies = [.. state.Proxies.Select(proxy => proxy with { AppliedAt = proxy.IsApplied ? _appliedAt[proxy.Name] : null })],
        };
    }

    /// <summary>Returns when every proxy has applied it, or when there is nobody who could.</summary>
    /// <param name="target">What is waited for.</param>
    /// <param name="seen">Told at the beginning, and after each report.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<AppliedState> UntilAppliedAsync(AppliedTarget target, Action<AppliedState> seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentNullException.ThrowIfNull(target);
        await using var announced = _announce(target.Revision).ConfigureAwait(false);
        while (true)
        {
            // In this order: what comes after the reports were read ends the wait.
            var news = _followed.News;
            var state = StateOf(target);
            seen(state);
            if (state.IsApplied || state.HasNobody)
            {
                return state;
            }

            await _followed.WaitAsync(news, cancellationToken).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => _followed.DisposeAsync();
}
