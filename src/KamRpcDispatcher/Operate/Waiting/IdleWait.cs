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
    private readonly FollowedReports _followed;
    private readonly TimeProvider _timeProvider;

    private IdleWait(CallCounts counts, FollowedReports followed, TimeProvider timeProvider) => (_counts, _followed, _timeProvider) = (counts, followed, timeProvider);

    /// <summary>Reads the counts that there are, and begins to follow them.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public static async Task<IdleWait> OpenAsync(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var counts = new CallCounts(keys, timeProvider);
        return new IdleWait(counts, await FollowedReports.OpenAsync(store, keys.Calls, "the watch of the calls", counts, timeProvider, logger, cancellationToken).ConfigureAwait(false), timeProvider);
    }

    /// <summary>How they are with their calls now.</summary>
    public IdleState StateOf(IEnumerable<MemberKey> members) => _counts.StateOf(members) with { Outage = _followed.Outage };

    /// <summary>Returns when nothing is up on any of them. It is called when no new calls come any more.</summary>
    /// <param name="members">Whom it waits for.</param>
    /// <param name="seen">Told at the beginning, after each count, and once a second.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IdleState> UntilIdleAsync(IReadOnlyCollection<MemberKey> members, Action<IdleState> seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seen);
        _counts.Begin();
        while (true)
        {
            var news = _followed.News;
            var state = StateOf(members);
            seen(state);
            if (state.IsIdle)
            {
                return state;
            }

            using var looking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await _followed.WaitAsync(Task.WhenAny(news, Task.Delay(Interval, _timeProvider, looking.Token)), cancellationToken).ConfigureAwait(false);
            await looking.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public ValueTask DisposeAsync() => _followed.DisposeAsync();
}
