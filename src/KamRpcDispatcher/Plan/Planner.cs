using KamRpcDispatcher.Destinations;

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

        var desired = members.Where(member => policy.Manages(member.Key.Set)).ToLookup(static member => member.Key.Set);
        var actual = listed.Where(entry => policy.Manages(entry.Set)).ToLookup(static entry => entry.Set);
        var builder = new ChangePlanBuilder();
        foreach (var set in desired.Concat<IGrouping<int, object>>(actual).Select(static group => group.Key).Distinct().Order())
        {
            new SetPlanner(set, [.. desired[set]], [.. actual[set]], policy, builder).Plan();
        }

        return builder.Build();
    }
}
