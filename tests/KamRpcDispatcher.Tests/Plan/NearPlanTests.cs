using System.Collections.Immutable;
using CsCheck;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan;

/// <summary>A plan of a few addresses is that part of the whole plan, or there is none.</summary>
public sealed class NearPlanTests
{
    private static readonly PlanPolicy Policy = new("c");

    private static readonly Gen<Member> AnyMember =
        from set in Pick(1, 2)
        from name in Pick("a", "b", "c", "d", "e", "f")
        from uri in Pick("sip:10.0.0.1", "sip:10.0.0.1:5060", "sip:10.0.0.2", "sip:10.0.0.3;transport=tcp", "sip:10.0.0.4", "sip:10.0.0.5", "sip:x.example.org")
        from priority in Pick(0, 0, 0, 1)
        from state in Pick(MemberState.Ready, MemberState.Ready, MemberState.Ready, MemberState.Draining, MemberState.Down)
        from revision in Gen.Int[1, 3]
        select new Member(new MemberKey(set, name), SipUri.Parse(uri)) { Priority = priority, State = state, CreatedRevision = revision };

    private static readonly Gen<Member[]> Membership = AnyMember.Array[0, 9].Select(static members => members.DistinctBy(static member => member.Key).ToArray());

    private static readonly Gen<PlanPolicy> AnyPolicy =
        from hasPriorities in Gen.Bool
        from isProbed in Gen.Bool
        from dead in Gen.Bool
        from awaits in Gen.Bool
        select Policy with
        {
            HasPriorities = hasPriorities, IsAdmissionProbed = isProbed, DueForRemoval = ImmutableHashSet<ListedKey>.Empty,
            FoundDead = dead ? Places((1, "sip:10.0.0.1"), (2, "sip:10.0.0.2")) : Places(),
            AwaitingProof = awaits ? Places((1, "sip:10.0.0.2"), (1, "sip:10.0.0.4")) : Places(),
        };

    private static readonly Gen<(Member[] Before, Member[] Changed, ListedState[] States, ListedDestination[] Foreign, PlanPolicy Policy)> Situations = Gen.Select(
        Membership,
        AnyMember.Array[1, 3].Select(static members => members.DistinctBy(static member => member.Key).ToArray()),
        Pick(ListedState.Active, ListedState.Active, ListedState.Trying, ListedState.Inactive, ListedState.Disabled).Array[9],
        (from uri in Pick("sip:10.0.0.1", "sip:10.0.0.4", "sip:192.0.2.1") from state in Gen.Enum<ListedState>() select new ListedDestination(1, uri, state, true, 5, "duid=a")).Array[0, 1],
        AnyPolicy);

    [Test]
    public void It_says_of_its_addresses_what_the_whole_plan_says()
    {
        var (count, near) = (0, 0);
        Situations.Sample(
            situation =>
            {
                var (listed, members, places) = Made(situation.Before, situation.Changed, situation.States, situation.Foreign);
                Interlocked.Increment(ref count);
                if (NearPlan.Of(members, listed, places, situation.Policy) is not { } plan)
                {
                    return true;
                }

                Interlocked.Increment(ref near);
                var whole = Planner.Plan(members, listed, situation.Policy);
                return plan.Enables.ToHashSet().SetEquals(whole.Enables.Where(IsOfThem)) && plan.Disables.ToHashSet().SetEquals(whole.Disables.Where(IsOfThem)) && plan.Adds.ToHashSet().SetEquals(whole.Adds.Where(IsOfThem));

                bool IsOfThem(Change change) => places.Contains(new EndpointKey(change.Set, Spelling.EndpointOf(change.Uri)));
            },
            iter: 20_000);
        Assert.That((double)near / count, Is.GreaterThan(0.1), "and it is there often enough for that to say something");
    }

    [Test]
    public void There_is_none_where_nobody_would_be_left_or_somebody_else_has_the_address()
    {
        Member[] members = [Members.Of("a", uri: "sip:10.0.0.1"), Members.Of("b", uri: "sip:10.0.0.2")];
        var (listed, _, _) = Made(members, [], [], []);
        IReadOnlySet<EndpointKey> place = new HashSet<EndpointKey> { new(1, members[0].Uri.Endpoint) };

        Assert.That(NearPlan.Of(members[1..], listed, place, Policy)!.Disables.Single().Uri, Is.EqualTo("sip:10.0.0.1"));
        Assert.That(NearPlan.Of([], listed, place, Policy), Is.Null, "b does not stay");
        Assert.That(NearPlan.Of(members[1..], [.. listed.Select(static entry => entry.Uri == "sip:10.0.0.2" ? entry with { State = ListedState.Inactive } : entry)], place, Policy), Is.Null, "b gets no calls");
        Assert.That(NearPlan.Of(members[1..], [.. listed, new ListedDestination(1, "sip:10.0.0.1", ListedState.Active, true, 0, "duid=x")], place, Policy), Is.Null);
        Assert.That(NearPlan.Of(members[1..], listed, place, Policy with { ReusesPlaces = true }), Is.Null);
    }

    private static (IReadOnlyList<ListedDestination> Listed, IReadOnlyList<Member> Members, IReadOnlySet<EndpointKey> Places) Made(Member[] before, Member[] changed, ListedState[] states, ListedDestination[] foreign)
    {
        var model = new ListModel(foreign);
        model.Apply(Planner.Plan(before, foreign, Policy).Changes);
        var listed = model.Entries.Select((entry, index) => foreign.Contains(entry) || index >= states.Length ? entry : entry with { State = states[index] }).ToList();

        // Each of those comes, comes otherwise, or goes.
        var gone = changed.Where(static member => member.CreatedRevision == 3).Select(static member => member.Key).ToHashSet();
        Member[] members = [.. before.Where(member => !changed.Any(other => other.Key == member.Key)), .. changed.Where(member => !gone.Contains(member.Key))];
        var places = before.Where(member => changed.Any(other => other.Key == member.Key)).Concat(changed).Select(static member => new EndpointKey(member.Key.Set, member.Uri.Endpoint)).ToHashSet();
        return (listed, members, places);
    }

    private static HashSet<EndpointKey> Places(params (int Set, string Uri)[] places) => [.. places.Select(static place => new EndpointKey(place.Set, SipUri.Parse(place.Uri).Endpoint))];

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);
}
