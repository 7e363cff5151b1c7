using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>
/// Decides about a grace period in which some process is never seen at rest: overdue first, and then, where nothing was proved in so many
/// waits, over after the long gap, if each of these processes has moved.
/// </summary>
internal sealed class OverloadJudge(IProcessMovement movement, GraceOptions options, GraceReporter reporter, TimeProvider timeProvider)
{
    /// <summary>Whoever has not rested by then is busy for longer than usual: how much it does from here on may be needed.</summary>
    private static readonly TimeSpan UsualLength = TimeSpan.FromMilliseconds(100);

    /// <summary>Between two readings of how much processes have done, and two reports.</summary>
    private static readonly TimeSpan BetweenReadings = TimeSpan.FromMilliseconds(200);

    /// <summary>A longer pause between two polls counts as one of this length: nobody waited meanwhile, or this process itself stood still.</summary>
    private static readonly TimeSpan LongestBetweenPolls = TimeSpan.FromSeconds(1);

    /// <summary>For how long nothing was proved while somebody polled; over all changes, so that one who keeps on reloading hides nothing.</summary>
    private TimeSpan _unproved;
    private long? _polledAt;
    private long? _readAt;

    /// <summary>A grace period has ended.</summary>
    public void Over() => (_unproved, _polledAt) = (TimeSpan.Zero, null);

    /// <summary>After each poll that has left some unseen: whether the next structural change may be made all the same.</summary>
    public bool MayEnd(RunningPeriod period, WatchedProcesses watched)
    {
        var sincePoll = _polledAt is { } polled ? timeProvider.GetElapsedTime(polled) : TimeSpan.Zero;
        var step = sincePoll < LongestBetweenPolls ? sincePoll : LongestBetweenPolls;
        _polledAt = timeProvider.GetTimestamp();
        _unproved += step;
        watched.Polled += step;
        if (watched.Polled < UsualLength && watched.Polled < options.Cap)
        {
            return false;
        }

        watched.Movement ??= new MovementSince(watched.Unseen, movement, timeProvider);
        if (_unproved < options.Cap || (_readAt is { } read && timeProvider.GetElapsedTime(read) < BetweenReadings))
        {
            return false;
        }

        _readAt = timeProvider.GetTimestamp();
        reporter.Overdue(watched.Unseen);
        var sinceChange = timeProvider.GetElapsedTime(period.Begun);
        if (sinceChange < options.LongGap || watched.Polled < options.WaitsBeforeLongGap * options.Cap)
        {
            return false;
        }

        var stuck = watched.Unseen.Where(process => !watched.Movement.HasMoved(process)).ToList();
        if (stuck.Count > 0)
        {
            reporter.Stuck(stuck, sinceChange);
        }

        return stuck.Count == 0;
    }
}
