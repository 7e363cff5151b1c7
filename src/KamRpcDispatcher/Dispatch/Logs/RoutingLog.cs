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
    private CycleOutcome? _last;

    /// <summary>Takes note of what a cycle saw, before it changes anything.</summary>
    public void Observe(CycleOutcome sight)
    {
        try
        {
            if (IsAsBefore(sight))
            {
                return;
            }

            _last = sight;
            var standings = MemberStandings.Of(sight, policy);
            _members.Observe(sight, standings);
            _sets.Observe(sight, standings);
            _full.Observe(sight.Table, standings.Keys.Select(static key => key.Set).ToHashSet());
            _faults.Succeeded();
        }
        catch (Exception exception)
        {
            _faults.Failed(exception);
        }
    }

    /// <summary>Most cycles see nothing new, and ten thousand members are read once a second.</summary>
    private bool IsAsBefore(CycleOutcome sight) =>
        _last is { } last
        && ReferenceEquals(sight.Membership, last.Membership)
        && sight.Plan.IsEmpty && last.Plan.IsEmpty
        && sight.Table.Instance == last.Table.Instance
        && !_members.IsPending && !_sets.IsPending && !_full.IsPending
        && sight.Held.SequenceEqual(last.Held)
        && sight.Table.Destinations.SequenceEqual(last.Table.Destinations);
}
