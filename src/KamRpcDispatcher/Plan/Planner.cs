using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Sets;

namespace KamRpcDispatcher.Plan;

/// <summary>Compares the membership with Kamailio's list and says what to change. Pure: no clock, no I/O, no memory.</summary>
/// <remarks>Once a plan has been applied, planning again yields nothing.</remarks>
public static class Planner
{
    public static ChangePlan Plan(IEnumerable<Member> members, IEnumerable<ListedDestination> listed, PlanPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(listed);
        ArgumentNullException.ThrowIfNull(policy);

        var entries = listed.ToList();
        var desired = members.Where(member => policy.Manages(member.Key.Set)).ToLookup(static member => member.Key.Set);
        var actual = entries.Where(entry => policy.Manages(entry.Set) && !Sentinel.Is(entry)).ToLookup(static entry => entry.Set);
        var builder = new ChangePlanBuilder();
        foreach (var set in desired.Concat<IGrouping<int, object>>(actual).Select(static group => group.Key).Distinct().Order())
        {
            new SetPlanner(set, [.. desired[set]], [.. actual[set]], policy, builder).Plan();
        }

        if (policy.HasSentinel && desired.Count > 0)
        {
            PlanSentinel(entries.Find(Sentinel.Is), policy, builder);
        }

        return builder.Build();
    }

    private static void PlanSentinel(ListedDestination? listed, PlanPolicy policy, ChangePlanBuilder builder)
    {
        var add = Sentinel.For(policy.Cluster);
        if (listed is null && !policy.Refused.Contains(RefusedDestination.Of(add)))
        {
            builder.Adds.Add(add);
        }
        else if (listed is { State: not ListedState.Disabled })
        {
            builder.Disables.Add(new DisableDestination(add.Set, add.Uri));
        }
    }
}
