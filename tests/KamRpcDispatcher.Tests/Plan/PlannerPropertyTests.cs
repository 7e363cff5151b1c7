using CsCheck;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan;

/// <summary>What holds for every membership and every list. Few names, URIs and sets, so that they meet often.</summary>
public class PlannerPropertyTests
{
    private static readonly PlanPolicy Policy = new("c");

    private static readonly Gen<int> Sets = Pick(0, 1, int.MaxValue);

    private static readonly Gen<string> Uris = Pick(
        "sip:10.0.0.1", "sip:10.0.0.1:5060", "sip:10.0.0.2;transport=tcp", "sip:10.0.0.3", "sip:[::1]:5070", "sips:a.example.org");

    private static readonly Gen<Member> AnyMember =
        from set in Sets
        from name in Pick("a", "b", "c", "d", "e")
        from uri in Uris
        from weight in Pick<int?>(null, 1, 100)
        from priority in Pick(0, 0, 1)
        from state in Pick(MemberState.Ready, MemberState.Ready, MemberState.Draining, MemberState.Down)
        from revision in Gen.Int[1, 3]
        select new Member(new MemberKey(set, name), SipUri.Parse(uri)) { Weight = weight, Priority = priority, State = state, CreatedRevision = revision };

    private static readonly Gen<Member[]> Membership = AnyMember.Array[0, 8].Select(static members => members.DistinctBy(static member => member.Key).ToArray());

    private static readonly Gen<ListedDestination> AnyEntry =
        from set in Sets
        from uri in Gen.OneOf(Uris, Uris.Select(Spelling.Second), Gen.Const("sip:operator@192.0.2.1:5060;x=y"))
        from state in Gen.Enum<ListedState>()
        from probing in Gen.Bool
        from priority in Pick(0, 1, 20_000_000)
        from attributes in Pick(string.Empty, "weight=5", "duid=a;kamrpc=other", "duid=a;kamrpc=c", "duid=b;kamrpc=c;weight=1;rweight=1")
        select new ListedDestination(set, uri, state, probing, priority, attributes);

    private static readonly Gen<(Member[] Members, ListedDestination[] Listed)> Situations = Gen.Select(Membership, AnyEntry.Array[0, 8]);

    [Test]
    public void Once_applied_a_plan_leaves_nothing_to_plan() => Situations.Where(static situation => !IsTextShared(situation.Listed)).Sample(
        static situation =>
        {
            var model = new ListModel(situation.Listed);
            model.Apply(Planner.Plan(situation.Members, situation.Listed, Policy).Changes);
            return Planner.Plan(situation.Members, model.Entries, Policy).IsEmpty;
        },
        iter: 20_000);

    [Test]
    public void Whatever_the_list_a_few_plans_leave_nothing_to_plan() => Situations.Sample(
        static situation => Planner.Plan(situation.Members, Applied(situation).Entries, Policy).IsEmpty,
        iter: 20_000);

    [Test]
    public void Foreign_entries_are_never_touched() => Situations.Sample(
        static situation =>
        {
            var before = situation.Listed.Where(static entry => !IsOwn(entry)).OrderBy(static entry => entry.ToString());
            var after = Applied(situation).Entries.Where(static entry => !IsOwn(entry)).OrderBy(static entry => entry.ToString());
            return before.SequenceEqual(after);
        },
        iter: 20_000);

    [Test]
    public void Every_ready_member_is_listed_once_unless_skipped() => Situations.Sample(
        static situation =>
        {
            var plan = Planner.Plan(situation.Members, situation.Listed, Policy);
            var skipped = plan.Skips.Select(static skip => skip.Member).ToHashSet();
            var entries = Applied(situation).Entries;
            return situation.Members
                .Where(member => member.State == MemberState.Ready && !skipped.Contains(member.Key))

                // Beside somebody else's entry of that address a second copy of ours may be out of reach of every call.
                .Where(member => !situation.Listed.Any(entry => !IsOwn(entry) && Endpoint(entry) == (member.Key.Set, member.Uri.Endpoint)))
                .All(member => entries.Count(entry => entry.Set == member.Key.Set && Spelling.EndpointOf(entry.Uri) == member.Uri.Endpoint && entry.State != ListedState.Disabled) == 1);
        },
        iter: 20_000);

    [Test]
    public void No_own_entry_of_a_member_that_left_or_is_not_ready_gets_calls() => Situations.Sample(
        static situation =>
        {
            var ready = situation.Members.Where(static member => member.State == MemberState.Ready).Select(static member => (member.Key.Set, member.Uri.Endpoint)).ToHashSet();
            var foreign = situation.Listed.Where(static entry => !IsOwn(entry)).Select(Endpoint).ToHashSet();
            return Applied(situation).Entries
                .Where(entry => IsOwn(entry) && entry.IsRoutable)
                .Select(Endpoint)
                .All(entry => ready.Contains(entry) || foreign.Contains(entry));
        },
        iter: 20_000);

    [Test]
    public void A_set_that_has_somebody_for_calls_before_and_after_has_somebody_all_the_time() => Situations.Sample(
        static situation =>
        {
            var sets = RoutableSets(situation.Listed);
            sets.IntersectWith(RoutableSets(Applied(situation).Entries));
            var model = new ListModel(situation.Listed);
            return Planner.Plan(situation.Members, situation.Listed, Policy).Changes.All(change =>
            {
                model.Apply(change);
                return sets.IsSubsetOf(RoutableSets(model.Entries));
            });
        },
        iter: 20_000);

    [Test]
    public void A_member_that_is_replaced_gets_calls_all_the_time() => Situations.Sample(
        static situation =>
        {
            // Those that get calls before and after, by one text: two copies of one text cannot be told apart by a call to Kamailio.
            var served = Served(situation.Listed);
            served.IntersectWith(Served(Applied(situation).Entries));
            served.ExceptWith(situation.Listed.GroupBy(static entry => (entry.Set, entry.Uri)).Where(static copies => copies.Count() > 1).Select(static copies => Endpoint(copies.First())));
            var model = new ListModel(situation.Listed);
            return Planner.Plan(situation.Members, situation.Listed, Policy).Changes.All(change =>
            {
                model.Apply(change);
                return served.IsSubsetOf(Served(model.Entries));
            });
        },
        iter: 20_000);

    [Test]
    public void A_join_or_leave_changes_neither_place_nor_priority_of_the_others() => Gen.Select(Membership, AnyMember).Sample(
        static (members, other) =>
        {
            var unique = members.Where(static member => member.State == MemberState.Ready).DistinctBy(static member => (member.Key.Set, member.Uri.Endpoint)).ToArray();
            var model = new ListModel([]);
            model.Apply(Planner.Plan(unique, [], Policy).Changes);
            var before = model.Entries.ToList();

            var joined = unique.Any(member => member.Key == other.Key || (member.Key.Set == other.Key.Set && member.Uri.Equals(other.Uri))) ? unique : [.. unique, other];
            model.Apply(Planner.Plan(joined, model.Entries, Policy).Changes);
            var between = model.Entries.Where(before.Contains).ToList();

            model.Apply(Planner.Plan(unique, model.Entries, Policy).Changes);
            return SameOrderInEachSet(between, before) && SameOrderInEachSet(model.Entries, before);
        },
        iter: 20_000);

    private static bool SameOrderInEachSet(List<ListedDestination> one, List<ListedDestination> other) =>
        one.OrderBy(static entry => entry.Set).SequenceEqual(other.OrderBy(static entry => entry.Set));

    private static (int Set, string Endpoint) Endpoint(ListedDestination entry) =>
        (entry.Set, Spelling.EndpointOf(entry.Uri));

    private static HashSet<int> RoutableSets(IEnumerable<ListedDestination> entries) =>
        [.. entries.Where(static entry => entry.IsRoutable).Select(static entry => entry.Set)];

    private static HashSet<(int Set, string Endpoint)> Served(IEnumerable<ListedDestination> entries) =>
        [.. entries.Where(static entry => entry.IsRoutable).Select(Endpoint)];

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    /// <summary>Where somebody else has the text of an own entry, what can be told apart changes with the first plan.</summary>
    private static bool IsTextShared(ListedDestination[] listed) =>
        listed.GroupBy(static entry => (entry.Set, entry.Uri)).Any(static copies => copies.Select(IsOwn).Distinct().Count() > 1);

    private static ListModel Applied((Member[] Members, ListedDestination[] Listed) situation)
    {
        var model = new ListModel(situation.Listed);
        for (var i = 0; i < 3; i++)
        {
            model.Apply(Planner.Plan(situation.Members, model.Entries, Policy).Changes);
        }

        return model;
    }

    private static bool IsOwn(ListedDestination entry) => AttributeText.IsOwn(entry.Attributes, Policy.Cluster);
}
