using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Tests.Plan;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>Plans that are carried out on a list in memory, with a budget of four changes and one more each half minute.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class ChangeBudgetTests
{
    private const int Burst = 4;
    private static readonly TimeSpan Refill = TimeSpan.FromSeconds(30);
    private static readonly PlanPolicy Policy = new("c");

    private readonly FakeTimeProvider _clock = new();
    private readonly ListModel _list = new([]);
    private readonly ChangeBudget _budget;
    private List<Change> _made = [];
    private int _structural;

    public ChangeBudgetTests() => _budget = new ChangeBudget(Burst, Refill, _clock);

    [Test]
    public void A_key_that_is_rewritten_in_a_loop_is_limited_and_named_and_its_state_is_followed_at_once()
    {
        for (var weight = 1; weight <= 100; weight++)
        {
            Cycle(Members.Of("a") with { Weight = weight }, Members.Of("b"));
        }

        Assert.That(_structural, Is.LessThanOrEqualTo(Burst + 3), "a replacement that begins within the budget is made whole; the other one's addition");
        var plan = Cycle(Members.Of("a") with { Weight = 7 }, Members.Of("b"));
        Assert.That(plan.Skips.Single(static skip => skip.Reason == SkipReason.Flapping).Member, Is.EqualTo(new MemberKey(1, "a")));
        Assert.That((plan.Drift, plan.IsInForce), Is.EqualTo((1, true)), "nobody else waits for it");

        Cycle(Members.Of("a") with { Weight = 8, State = MemberState.Draining }, Members.Of("b"));
        Assert.That(StateOf("a"), Is.EqualTo(ListedState.Disabled));
        Cycle(Members.Of("a") with { Weight = 9 }, Members.Of("b"));
        Assert.That(StateOf("a"), Is.EqualTo(ListedState.Active), "as it was, which is better than not at all");
    }

    [Test]
    public void Each_half_minute_there_is_one_more_and_after_a_rest_as_many_as_at_first()
    {
        for (var weight = 1; weight <= 20; weight++)
        {
            Cycle(Members.Of("a") with { Weight = weight });
        }

        var before = _structural;
        for (var second = 0; second < 600; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            Cycle(Members.Of("a") with { Weight = 1 + (second % 2) });
        }

        Assert.That(_structural - before, Is.InRange(16, 24));

        _clock.Advance(TimeSpan.FromMinutes(5));
        before = _structural;
        Assert.That(Cycle(Members.Of("a") with { Weight = 50 }).Skips, Is.Empty);
        Cycle(Members.Of("a") with { Weight = 51 });
        Assert.That(_structural - before, Is.EqualTo(4));
    }

    [Test]
    public void A_name_that_comes_and_goes_or_moves_is_limited_too()
    {
        for (var number = 1; number <= 50; number++)
        {
            Cycle(Members.Of("a", uri: $"sip:10.0.0.{number}"), Members.Of("b"));
        }

        Assert.That(_structural, Is.LessThanOrEqualTo(Burst + 3));
        Assert.That(StateOf("b"), Is.EqualTo(ListedState.Active));
    }

    [Test]
    public void A_member_that_leaves_and_returns_costs_no_more_than_its_budget_and_is_served_whenever_it_is_there()
    {
        for (var round = 0; round < 50; round++)
        {
            Cycle(Members.Of("a"), Members.Of("b"));
            Assert.That(StateOf("a"), Is.EqualTo(ListedState.Active));
            Cycle(Members.Of("b"));
            Assert.That(_list.Entries.Any(static entry => entry.Attributes.StartsWith("duid=a;", StringComparison.Ordinal) && entry.IsRoutable), Is.False);
        }

        Assert.That(_structural, Is.LessThanOrEqualTo((2 * Burst) + 2));
    }

    [Test]
    public void What_a_reload_took_away_is_added_again_however_often()
    {
        Member[] members = [.. Enumerable.Range(1, 30).Select(static number => Members.Of($"m{number}"))];
        for (var reload = 0; reload < 50; reload++)
        {
            _list.Entries.Clear();
            Assert.That(Cycle(members).Adds, Has.Count.EqualTo(30), $"reload {reload}");
        }
    }

    [Test]
    public void A_deploy_of_all_at_once_is_not_slowed()
    {
        Member[] blue = [.. Enumerable.Range(1, 200).Select(static number => Members.Of($"blue{number}", uri: $"sip:10.0.1.{number}"))];
        Member[] green = [.. Enumerable.Range(1, 200).Select(static number => Members.Of($"green{number}", uri: $"sip:10.0.2.{number}"))];
        foreach (var members in new Member[][] { blue, [.. blue, .. green], green, [.. green.Select(static member => member with { Weight = 5 })] })
        {
            Assert.That(Cycle(members).Skips, Is.Empty);
        }

        Assert.That(_list.Entries.Count(static entry => entry.IsRoutable), Is.EqualTo(200));
    }

    [Test]
    public void Where_two_names_take_an_address_from_each_other_the_later_one_pays()
    {
        var ok = Members.Of("ok", uri: "sip:10.0.0.1") with { CreatedRevision = 5 };
        var other = Members.Of("zz", uri: "sip:10.0.0.1") with { CreatedRevision = 9 };
        for (var round = 0; round < 20; round++)
        {
            Cycle(ok, other);
            Cycle(ok, other with { State = MemberState.Down });
            Assert.That(_list.Entries.Any(static entry => entry.IsRoutable), "the address is served all along");
        }

        Assert.That(_budget.Exhausted, Is.EqualTo(new[] { other.Key }));
    }

    [Test]
    public void A_newcomer_that_takes_the_place_which_a_flapping_member_left_pays_for_itself()
    {
        var keepsPlaces = Policy with { ReusesPlaces = true, DueForRemoval = new HashSet<ListedKey>() };
        for (var weight = 1; weight <= 20; weight++)
        {
            Cycle(keepsPlaces, Members.Of("a", uri: "sip:10.0.0.1") with { Weight = weight }, Members.Of("b", uri: "sip:10.0.0.2"));
        }

        Cycle(keepsPlaces, Members.Of("b", uri: "sip:10.0.0.2"));
        Assert.That((StateOf("a"), _budget.Exhausted.Single()), Is.EqualTo((ListedState.Disabled, new MemberKey(1, "a"))), "it is gone, and its place is there");

        var plan = Cycle(keepsPlaces, Members.Of("b", uri: "sip:10.0.0.2"), Members.Of("new", uri: "sip:10.0.0.3"));
        Assert.That(plan.Replacements.Single().Add.Uri, Is.EqualTo("sip:10.0.0.3"));
        Assert.That(plan.Skips.Select(static skip => skip.Reason), Has.None.EqualTo(SkipReason.Flapping));
        Assert.That(StateOf("new"), Is.EqualTo(ListedState.Active));
    }

    [Test]
    public void No_budget_is_no_limit()
    {
        var free = new ChangeBudget(0, Refill, _clock);
        var plan = new ChangePlan { Adds = [new AddDestination(1, "sip:a", 8, 0, "duid=a;kamrpc=c")] };

        Assert.That(Enumerable.Range(0, 100).Select(_ => free.Hold(plan, plan.Adds, [], [])), Is.All.SameAs(plan));
        Assert.That(free.Exhausted, Is.Empty);
    }

    /// <summary>Plans and carries out, as the reconciler does.</summary>
    private ChangePlan Cycle(params Member[] members) => Cycle(Policy, members);

    private ChangePlan Cycle(PlanPolicy policy, params Member[] members)
    {
        var plan = _budget.Hold(Planner.Plan(members, _list.Entries, policy with { Flapping = _budget.Exhausted }), _made, members, _list.Entries);
        _made = [.. plan.Changes];
        _structural += _made.Count(static change => change.IsStructural);
        _list.Apply(_made);
        return plan;
    }

    private ListedState StateOf(string name) => _list.Entries.Single(entry => entry.Attributes.StartsWith($"duid={name};", StringComparison.Ordinal)).State;
}
