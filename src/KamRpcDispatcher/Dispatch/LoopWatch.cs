using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch;

/// <summary>
/// Knows what the loop is at and since when, so that the report can say that it hangs: whoever hangs cannot say so himself. Told by the loop
/// and by what it waits in; asked by the report. Thread-safe.
/// </summary>
/// <param name="longestWork">How long the loop may take for what is neither a call, nor a grace period, nor a rest.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class LoopWatch(TimeSpan longestWork, TimeProvider timeProvider)
{
    private volatile Stand _stand = new(LoopStep.Work, longestWork, timeProvider.Mark());

    public LoopStatus Current
    {
        get
        {
            var (step, longest, since) = _stand;
            return new LoopStatus(step, timeProvider.Mark() - since, longest);
        }
    }

    /// <summary>Goes on with what takes no time as a rule.</summary>
    public void Works() => Enter(LoopStep.Work, longestWork);

    /// <summary>Begins something that may take a while.</summary>
    public void Enter(string step, TimeSpan longest) => _stand = new Stand(step, longest, timeProvider.Mark());

    private sealed record Stand(string Step, TimeSpan Longest, TimeSpan Since);
}
