using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan;

/// <summary>
/// Plans a few addresses of large sets without all the others. What concerns these is as in the whole plan where each set keeps somebody who takes calls: then it does not depend on
/// who else comes, goes or waits there.
/// </summary>
internal static class NearPlan
{
    /// <summary>So many are looked at for somebody who stays.</summary>
    private const int MostCandidates = 4;

    /// <summary>Their plan; null where all of their sets have to be planned.</summary>
    /// <param name="members">Everybody.</param>
    /// <param name="listed">Kamailio's list.</param>
    /// <param name="places">The addresses.</param>
    /// <param name="policy">What the planner goes by.</param>
    public static ChangePlan? Of(IReadOnlyList<Member> members, IReadOnlyList<ListedDestination> listed, IReadOnlySet<EndpointKey> places, PlanPolicy policy)
    {
        var sets = places.Select(static place => place.Set).ToHashSet();
        List<ListedDestination> near = [.. listed.Where(entry => sets.Contains(entry.Set) && places.Contains(PlaceOf(entry)))];
        if (policy.ReusesPlaces || near.Exists(entry => !AttributeText.IsOwn(entry, policy.Cluster)) || near.DistinctBy(PlaceOf).Count() < near.Count)
        {
            return null;
        }

        List<Member> concerned = [.. members.Where(member => sets.Contains(member.Key.Set) && places.Contains(PlaceOf(member)))];
        foreach (var set in sets)
        {
            if (Keeper(set, members, listed, places, policy) is not var (keeper, entry))
            {
                return null;
            }

            concerned.Add(keeper);
            near.Add(entry);
        }

        var plan = Planner.Plan(concerned, near, policy);
        return plan with
        {
            Enables = [.. plan.Enables.Where(IsOfThem)],
            Disables = [.. plan.Disables.Where(IsOfThem)],
            Adds = [.. plan.Adds.Where(IsOfThem).GroupBy(static add => add.Set).SelectMany(adds => Ordered(adds, concerned, listed, policy))],
        };

        bool IsOfThem(Change change) => places.Contains(new EndpointKey(change.Set, Spelling.EndpointOf(change.Uri)));
    }

    private static EndpointKey PlaceOf(ListedDestination entry) => new(entry.Set, Spelling.EndpointOf(entry.Uri));

    private static EndpointKey PlaceOf(Member member) => new(member.Key.Set, member.Uri.Endpoint);

    /// <summary>Somebody else of the set who takes calls, and goes on to.</summary>
    private static (Member Member, ListedDestination Entry)? Keeper(int set, IReadOnlyList<Member> members, IReadOnlyList<ListedDestination> listed, IReadOnlySet<EndpointKey> places, PlanPolicy policy)
    {
        foreach (var entry in listed.Where(entry => entry.Set == set && entry.IsRoutable && !places.Contains(PlaceOf(entry)) && AttributeText.IsOwn(entry, policy.Cluster)).Take(MostCandidates))
        {
            var place = PlaceOf(entry);
            if (members.FirstOrDefault(member => member.Key.Set == set && member.State == MemberState.Ready && PlaceOf(member) == place) is { } keeper)
            {
                return (keeper, entry);
            }
        }

        return null;
    }

    /// <summary>With priorities that nobody of the set has, those who are not planned included.</summary>
    private static IEnumerable<AddDestination> Ordered(IGrouping<int, AddDestination> adds, List<Member> members, IReadOnlyList<ListedDestination> listed, PlanPolicy policy)
    {
        if (!policy.HasPriorities)
        {
            return adds;
        }

        HashSet<int> taken = [.. listed.Where(entry => entry.Set == adds.Key).Select(static entry => entry.Priority)];
        return [.. adds.Select(add => add with { Priority = PriorityEncoding.Choose(members.First(member => member.Key.Set == add.Set && AttributeText.Duid(add.Attributes) == member.Key.Name), policy.Order, taken) })];
    }
}
