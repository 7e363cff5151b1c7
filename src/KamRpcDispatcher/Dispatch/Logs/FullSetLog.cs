using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Push;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>
/// Says that a set has no room for another call (algorithm 10): when it is seen, and once a minute for as long as it is seen again. That it has room again is
/// not told, since that is so with the end of each call.
/// </summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class FullSetLog(TimeProvider timeProvider, ILogger logger)
{
    private readonly LogLimits<int> _limits = new(timeProvider, most: 1);

    /// <summary>Whether something is to be told by and by, though nothing changes any more.</summary>
    public bool IsPending { get; private set; }

    /// <param name="table">What Kamailio has.</param>
    /// <param name="sets">Those that have members of ours.</param>
    public void Observe(DispatcherTable table, IReadOnlySet<int> sets)
    {
        IsPending = false;
        foreach (var set in table.Destinations.Where(entry => sets.Contains(entry.Set)).GroupBy(static entry => entry.Set))
        {
            if (Of(table, set.Key, set) is not { } full)
            {
                continue;
            }

            IsPending = true;
            if (_limits.Allows(set.Key))
            {
                MemberMessages.Full(logger, set.Key, full.Calls, full.MaxLoad);
            }
        }
    }

    /// <summary>The set's calls, where each of its routable destinations has as many as it takes. An entry that cannot be understood may have room.</summary>
    /// <param name="table">What Kamailio has.</param>
    /// <param name="set">The set.</param>
    /// <param name="listed">What is listed in it.</param>
    public static FullSet? Of(DispatcherTable table, int set, IEnumerable<ListedDestination> listed) =>
        table.Unreadable.Any(entry => entry.Set is null || entry.Set == set) ? null : FullSet.Of(listed.Select(static entry => (entry.IsRoutable, entry.Calls, entry.MaxLoad)));
}
