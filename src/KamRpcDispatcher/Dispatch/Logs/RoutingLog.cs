using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>Tells operators who gets calls: of each member, and of each set. What it throws ends no cycle.</summary>
/// <param name="policy">What is managed, and by which mark own entries are known.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class RoutingLog(PlanPolicy policy, TimeProvider timeProvider, ILogger<RoutingLog> logger)
{
    private readonly MemberLog _members = new(timeProvider, logger);
    private readonly SetLog _sets = new(timeProvider, logger);
    private readonly FullSetLog _full = new(timeProvider, logger);
    private readonly LoopFaults _faults = new("the log of who gets calls", logger);
    private CycleSituation? _last;

    /// <summary>Takes note of what a cycle saw, before it changes anything.</summary>
    public void Observe(CycleSituation cycle)
    {
        try
        {
            if (IsAsBefore(cycle))
            {
                return;
            }

            _last = cycle;
            var standings = MemberStandings.Of(cycle, policy);
            _members.Observe(cycle, standings);
            _sets.Observe(cycle, standings);
            _full.Observe(cycle.Table, standings.Keys.Select(static key => key.Set).ToHashSet());
            _faults.Succeeded();
        }
        catch (Exception exception)
        {
            _faults.Failed(exception);
        }
    }

    /// <summary>Most cycles see nothing new, and ten thousand members are read once a second.</summary>
    private bool IsAsBefore(CycleSituation cycle) =>
        _last is { } last
        && cycle.Membership.IsSameAs(last.Membership)
        && cycle.Plan.IsEmpty && last.Plan.IsEmpty
        && cycle.Table.Instance == last.Table.Instance
        && !_members.IsPending && !_sets.IsPending && !_full.IsPending
        && cycle.Held.SequenceEqual(last.Held)
        && cycle.Table.Destinations.SequenceEqual(last.Table.Destinations);
}
