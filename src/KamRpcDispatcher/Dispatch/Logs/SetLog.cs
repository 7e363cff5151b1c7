using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>Says that a set has nobody who takes calls: once when it begins, and when it is over, with how long it was so.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class SetLog(TimeProvider timeProvider, ILogger logger)
{
    /// <summary>A restart or a reload of Kamailio is repaired within this time; what is only about to be repaired is told after it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Dictionary<int, Emptiness> _empty = [];

    /// <summary>Of a set that comes and goes.</summary>
    private readonly LogLimits<int> _limits = new(timeProvider);

    /// <summary>Whether something is to be told by and by, though nothing changes any more.</summary>
    public bool IsPending => _empty.Values.Any(static emptiness => !emptiness.IsTold);

    /// <summary>Takes note of a cycle. Whoever put a destination into a set that has members of ours, calls go there.</summary>
    /// <param name="cycle">What it saw.</param>
    /// <param name="standings">How each member stands.</param>
    public void Observe(CycleSituation cycle, Dictionary<MemberKey, MemberStanding?> standings)
    {
        var routable = cycle.Table.Destinations.Where(static entry => entry.IsRoutable).Select(static entry => entry.Set).ToHashSet();
        var wanted = standings.Keys.Select(static key => key.Set).Concat(cycle.Deserted.Where(static set => !ClassSets.Has(set))).ToHashSet();
        foreach (var set in wanted.Where(set => !routable.Contains(set)))
        {
            var emptiness = _empty.TryGetValue(set, out var known) ? known : _empty[set] = new Emptiness(timeProvider.GetTimestamp());
            if (!emptiness.IsTold && (timeProvider.GetElapsedTime(emptiness.Since) >= Patience || !IsMended(cycle.Plan, set)) && _limits.Allows(set))
            {
                emptiness.IsTold = true;
                MemberMessages.NobodyRoutable(logger, set, States(standings, set));
            }
        }

        foreach (var (set, emptiness) in _empty.Where(pair => routable.Contains(pair.Key) || !wanted.Contains(pair.Key)).ToList())
        {
            // A set that nobody announces anything for, that has nothing of ours any more, and that is not known to have been in use, is not missed.
            _empty.Remove(set);
            if (emptiness.IsTold && routable.Contains(set))
            {
                MemberMessages.RoutableAgain(logger, set, timeProvider.GetElapsedTime(emptiness.Since));
            }
        }
    }

    /// <summary>Whether this cycle is about to give the set somebody.</summary>
    private static bool IsMended(ChangePlan plan, int set) =>
        plan.Enables.Any(enable => enable.Set == set && enable.IsRoutable)
        || plan.Adds.Any(add => add.Set == set && add.IsRoutable)
        || plan.Replacements.Any(replacement => replacement.Add.Set == set && (replacement.Add.IsRoutable || replacement.Enable is { IsRoutable: true }));

    private static string States(Dictionary<MemberKey, MemberStanding?> standings, int set) => string.Join(
        ", ",
        standings.Where(pair => pair.Key.Set == set && pair.Value is not null)
            .GroupBy(static pair => pair.Value!.Value.ShortWords)
            .OrderByDescending(static group => group.Count())
            .Select(static group => FormattableString.Invariant($"{group.Count()} {group.Key}"))
            .DefaultIfEmpty("no member of its own"));

    private sealed class Emptiness(long since)
    {
        public long Since { get; } = since;

        public bool IsTold { get; set; }
    }
}
