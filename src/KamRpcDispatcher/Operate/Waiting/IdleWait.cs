using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>Follows the counts of calls until nothing is up any more on those who are drained.</summary>
public sealed class IdleWait : IAsyncDisposable
{
    /// <summary>How often it is looked whether a count has become old.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CallCounts _counts;
    private readonly DialogCounts _dialogs;
    private readonly FollowedReports _followed;
    private readonly FollowedReports _proxies;
    private readonly TimeProvider _timeProvider;

    private IdleWait(CallCounts counts, FollowedReports followed, DialogCounts dialogs, FollowedReports proxies, TimeProvider timeProvider) =>
        (_counts, _followed, _dialogs, _proxies, _timeProvider) = (counts, followed, dialogs, proxies, timeProvider);

    /// <summary>Reads the counts that there are, and begins to follow them.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public static async Task<IdleWait> OpenAsync(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var counts = new CallCounts(keys, timeProvider);
        var dialogs = new DialogCounts(keys, timeProvider);
        var followed = await FollowedReports.OpenAsync(store, keys.Calls, "the watch of the calls", counts, timeProvider, logger, cancellationToken).ConfigureAwait(false);
        try
        {
            var proxies = await FollowedReports.OpenAsync(store, keys.Proxies, "the watch of the proxies", dialogs, timeProvider, logger, cancellationToken).ConfigureAwait(false);
            return new IdleWait(counts, followed, dialogs, proxies, timeProvider);
        }
        catch
        {
            await followed.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>How they are with their calls now, by what their announcers count; of whom these tell none by what the proxies do.</summary>
    public IdleState StateOf(IEnumerable<MemberKey> members)
    {
        var state = _counts.StateOf(members);
        return state with { Members = [.. state.Members.Select(member => member.IsUncounted ? _dialogs.StateOf(member.Key) ?? member : member)], Outage = _followed.Outage ?? _proxies.Outage };
    }

    /// <summary>Returns when nothing is up on any of them. It is called when no new calls come any more.</summary>
    /// <param name="members">Whom it waits for.</param>
    /// <param name="seen">Told at the beginning, after each count, and once a second.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IdleState> UntilIdleAsync(IReadOnlyCollection<MemberKey> members, Action<IdleState> seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seen);
        _counts.Begin();
        _dialogs.Begin();
        while (true)
        {
            var (news, reports) = (_followed.News, _proxies.News);
            var state = StateOf(members);
            seen(state);
            if (state.IsIdle)
            {
                return state;
            }

            using var looking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await _followed.WaitAsync(Task.WhenAny(news, reports, Task.Delay(Interval, _timeProvider, looking.Token)), cancellationToken).ConfigureAwait(false);
            await looking.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _followed.DisposeAsync().ConfigureAwait(false);
        await _proxies.DisposeAsync().ConfigureAwait(false);
    }
}
