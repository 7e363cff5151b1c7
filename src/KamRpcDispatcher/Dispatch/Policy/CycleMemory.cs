using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Guards;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>What the cycles of before have left for the next one: it becomes the policy that the next plan goes by, and what of that plan has to wait.</summary>
/// <param name="policy">What the planner goes by in any case.</param>
/// <param name="quarantine">What Kamailio refuses.</param>
/// <param name="options">How careful.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class CycleMemory(PlanPolicy policy, Quarantine quarantine, ReconcilerOptions options, TimeProvider timeProvider)
{
    private readonly RemovalDelay _removals = new(options.RemovalDelay, timeProvider, options.IsOnce);
    private readonly VerdictMemory _verdicts = new(timeProvider);
    private readonly PlanBrake _brake = new(timeProvider);
    private readonly ChangeBudget _budget = new(options.ChangeBurst, options.ChangeRefill, timeProvider);

    /// <summary>For how many there was no room in a reply of Kamailio's.</summary>
    private int _shortage;

    /// <summary>When those that have left are removed.</summary>
    public IReadOnlyDictionary<ListedKey, DateTimeOffset> Removals => _removals.Removals;

    /// <summary>Whether some of those are due.</summary>
    public bool OwesRemovals => _removals.Due(_shortage) is { Count: > 0 };

    /// <summary>How long until the next of those is removed; null where nobody waits for that.</summary>
    public TimeSpan? UntilRemoval => _removals.UntilNext;

    /// <summary>Those that are inactive until Kamailio has seen them alive.</summary>
    public ImmutableHashSet<EndpointKey> AwaitingProof => _verdicts.AwaitingProof;

    /// <summary>The policy of now.</summary>
    public PlanPolicy PolicyFor(DispatcherTable table) => policy with
    {
        HasPriorities = table.Version.HasPriorities,
        Refused = quarantine.Held,
        DueForRemoval = _removals.Due(_shortage),
        ReusesPlaces = _removals.IsEndless,
        FoundDead = _verdicts.FoundDead,
        AwaitingProof = _verdicts.AwaitingProof,
        Flapping = _budget.Exhausted,
    };

    /// <summary>Kamailio's verdicts on those that are listed.</summary>
    public void Observe(DispatcherTable table) => _verdicts.Observe(table);

    /// <summary>Leaves out of a plan what did not take, and what one that flaps has no budget for.</summary>
    /// <param name="wished">The plan.</param>
    /// <param name="made">What was made since the last one.</param>
    /// <param name="members">Who is announced, or kept.</param>
    /// <param name="table">Kamailio's list.</param>
    public ChangePlan Restrain(ChangePlan wished, IReadOnlyList<Change> made, IReadOnlyList<Member> members, DispatcherTable table)
    {
        var plan = _brake.Hold(wished, made);
        plan = _budget.Hold(plan, made, members, table.Destinations.Where(entry => AttributeText.IsOwn(entry, policy.Cluster)));
        _removals.Observe(plan);
        _verdicts.Observe(plan);
        return plan;
    }

    /// <summary>
    /// What of a plan goes out before the list is read: a member that changes too often waits, and what this makes inactive is no verdict of Kamailio's. All else is as it
    /// was until the next plan by a list that was read.
    /// </summary>
    public ChangePlan Hasten(ChangePlan plan)
    {
        var flapping = _budget.Exhausted;
        var hastened = plan with { Adds = [.. plan.Adds.Where(add => !flapping.Contains(ChangeBudget.OwnerOf(add.Set, add.Attributes)))] };
        _verdicts.Observe(hastened);
        return hastened;
    }

    /// <summary>What has become of a plan.</summary>
    /// <returns>Whether what is kept for a while is to make room now for those that are wanted.</returns>
    public bool Pushed(ChangePlan plan, PushOutcome outcome)
    {
        var before = _shortage;
        _shortage = outcome.Objections.Any(static objection => objection.Kind == RoomGuard.Kind) ? plan.Adds.Count + plan.Replacements.Count : 0;
        return _shortage > 0 && before == 0;
    }
}
