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
    private readonly FirstApplied _first;

    private AppliedWait(AppliedReports reports, FollowedReports followed, Func<long, IAsyncDisposable> announce, TimeProvider timeProvider, FirstApplied first) =>
        (_reports, _followed, _announce, _timeProvider, _first) = (reports, followed, announce, timeProvider, first);

    /// <summary>Reads the reports, and begins to follow them.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public static Task<AppliedWait> OpenAsync(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger logger, CancellationToken cancellationToken) =>
        OpenAsync(store, keys, timeProvider, logger, new FirstApplied(), cancellationToken);

    /// <summary>The same for one that takes up a wait that was broken off.</summary>
    internal static async Task<AppliedWait> OpenAsync(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger logger, FirstApplied first, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var reports = new AppliedReports(keys, timeProvider);
        var followed = await FollowedReports.OpenAsync(store, keys.Proxies, "the watch of the proxies", reports, timeProvider, logger, cancellationToken).ConfigureAwait(false);
        return new AppliedWait(reports, followed, revision => new AwaitedRevision(store, keys, revision, timeProvider, logger), timeProvider, first);
    }

    /// <summary>How the proxies are with it now.</summary>
    public AppliedState StateOf(AppliedTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return _first.Of(target, _reports.StateOf(target), _timeProvider.GetTimestamp()) with { Outage = _followed.Outage };
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

    /// <summary>The same for as long as there is patience; else how they are then.</summary>
    internal async Task<AppliedState> UntilAppliedAsync(AppliedTarget target, Action<AppliedState> seen, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, _timeProvider);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await UntilAppliedAsync(target, seen, waiting.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return StateOf(target);
        }
    }

    public ValueTask DisposeAsync() => _followed.DisposeAsync();
}

/// <summary>When each proxy was first seen to have applied what is waited for, whatever waits there were for that revision.</summary>
internal sealed class FirstApplied
{
    private readonly Dictionary<string, long> _at = new(StringComparer.Ordinal);
    private long _revision;

    /// <summary>The state with those times; of another revision they begin anew.</summary>
    public AppliedState Of(AppliedTarget target, AppliedState state, long now)
    {
        if (target.Revision != _revision)
        {
            _revision = target.Revision;
            _at.Clear();
        }

        foreach (var proxy in state.Proxies.Where(static proxy => proxy.IsApplied))
        {
            _at.TryAdd(proxy.Name, now);
        }

        return state with { Proxies = [.. state.Proxies.Select(proxy => proxy with { AppliedAt = proxy.IsApplied ? _at[proxy.Name] : null })] };
    }
}
