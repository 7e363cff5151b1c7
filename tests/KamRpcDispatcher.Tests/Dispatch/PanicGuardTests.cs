using CsCheck;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Tests.Operators;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

public class PanicGuardTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly PanicOptions Options = new();

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(10)]
    public void A_single_expiry_is_never_held_back(int members) =>
        Assert.That(Held(members - 1, 0), Is.Empty);

    [TestCase(4, 4, 2)]
    [TestCase(5, 5, 3)]
    [TestCase(10, 10, 5)]
    [TestCase(10, 5, 0)]
    [TestCase(10, 6, 1)]
    [TestCase(2, 2, 1)]
    [TestCase(3, 2, 1)]
    public void Of_many_that_expire_at_once_so_many_are_held_that_the_floor_stands(int members, int expired, int held) =>
        Assert.That(Held(members - expired, [.. Enumerable.Repeat(0, expired)]), Has.Count.EqualTo(held));

    [Test]
    public void Leases_that_end_within_seconds_of_each_other_are_one_event() =>
        Assert.That(Held(0, 0, 1, 2, 3), Has.Count.EqualTo(2));

    [Test]
    public void Expiries_far_apart_are_each_by_itself() =>
        Assert.That(Held(6, 0, 60, 120, 180), Is.Empty);

    [Test]
    public void The_hold_ends_with_time() =>
        Assert.That(Held(0, Options.Hold + TimeSpan.FromSeconds(1), Options, 0, 0, 0, 0), Is.Empty);

    [Test]
    public void The_hold_does_not_end_before() =>
        Assert.That(Held(0, Options.Hold - TimeSpan.FromSeconds(1), Options, 0, 0, 0, 0), Has.Count.EqualTo(2));

    [TestCase(10)]
    [TestCase(-10)]
    public void A_clock_that_is_set_neither_ends_the_hold_nor_lengthens_it(int minutes)
    {
        var time = new JumpingTime();
        var keys = new EtcdKeys("c");
        var table = new MembershipTable(keys, time);
        foreach (var number in Enumerable.Range(0, 4))
        {
            table.Put($"/kamrpc/c/members/1/e{number}", System.Text.Encoding.UTF8.GetBytes($$"""{"uri":"sip:10.0.0.{{number}}"}"""), 1, 1, isLeased: true);
        }

        table.RetainOnly(new HashSet<string>());
        Assert.That(PanicGuard.Held(table.At(1), Options, time.Mark()), Has.Count.EqualTo(2));

        time.Jump = TimeSpan.FromMinutes(minutes);
        Assert.That(PanicGuard.Held(table.At(1), Options, time.Mark()), Has.Count.EqualTo(2));

        time.Advance(Options.Hold + TimeSpan.FromSeconds(1));
        Assert.That(PanicGuard.Held(table.At(1), Options, time.Mark()), Is.Empty);
    }

    [Test]
    public void Those_of_an_earlier_daemon_are_held_as_long_as_is_left_of_the_time()
    {
        var time = new JumpingTime();
        var table = new MembershipTable(new EtcdKeys("c"), time);
        var at = time.GetUtcNow() - Options.Hold + TimeSpan.FromSeconds(10);
        var before = new[] { "d", "c", "b", "a" }.Select((name, number) => new ExpiredMember(Members.Of(name), at, 4 - number, TimeSpan.Zero)).ToList();
        table.Seed(new Membership(1, [], []) { Expired = ExpiredMember.Marked(before, time) });
        Assert.That(PanicGuard.Held(table.At(1), Options, time.Mark()).Select(static member => member.Key.Name), Is.EqualTo(new[] { "b", "a" }), "the same as before");

        time.Advance(TimeSpan.FromSeconds(11));
        Assert.That(PanicGuard.Held(table.At(1), Options, time.Mark()), Is.Empty);
    }

    [Test]
    public void Of_those_of_another_store_only_who_is_in_Kamailios_list_is_held()
    {
        Member[] held = [Members.Of("own", uri: "sip:10.0.0.1"), Members.Of("listed", uri: "sip:10.0.0.2"), Members.Of("elsewhere", uri: "sip:10.0.0.3"), Members.Of("theirs", uri: "sip:10.0.0.4")];
        var membership = new Membership(1, [], [])
        {
            Expired = [.. held.Select(static member => new ExpiredMember(member, Start, 4, TimeSpan.Zero) { IsOfAnotherStore = member.Key.Name != "own" })],
        };
        ListedDestination[] listed =
        [
            new(1, "sip:10.0.0.2:5060", ListedState.Active, true, 0, AttributeText.Format("before", "c")),
            new(1, "sip:10.0.0.3", ListedState.Active, true, 0, AttributeText.Format("elsewhere", "another")),
            new(2, "sip:10.0.0.4", ListedState.Active, true, 0, AttributeText.Format("theirs", "c")),
        ];

        Assert.That(PanicGuard.WithoutStrangers(held, membership, listed, "c").Select(static member => member.Key.Name), Is.EqualTo(new[] { "own", "listed" }));
    }

    [Test]
    public void Who_is_drained_while_it_is_held_goes_and_nobody_who_was_let_go_comes_in_its_place()
    {
        var six = Enumerable.Range(0, 6).Select(static number => new ExpiredMember(Members.Of($"e{number}"), Start, 6 - number, TimeSpan.Zero)).ToList();
        Assert.That(PanicGuard.Held(Wished(six), Options, TimeSpan.Zero), Has.Count.EqualTo(3));

        var kept = PanicGuard.Held(Wished(six, "e4"), Options, TimeSpan.Zero);
        Assert.That(kept.Select(static member => member.Key.Name), Is.EqualTo(new[] { "e3", "e5" }));
    }

    [Test]
    public void Those_of_a_day_cost_no_more_than_their_number()
    {
        var day = Enumerable.Range(0, 100_000).Select(static number => new ExpiredMember(Members.Of($"e{number}"), Start, 1 + (number % 50), TimeSpan.FromSeconds(number))).ToList();
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        PanicGuard.Held(new Membership(1, [], []) { Expired = day }, Options with { Window = TimeSpan.FromHours(1) }, TimeSpan.FromSeconds(100_000));
        Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(3)));
    }

    [Test]
    public void Who_was_let_go_is_not_held_again_when_others_are_confirmed_as_gone()
    {
        // Of six, six expired: three were let go, three are held. One of the held is confirmed as gone: nobody who was let go returns.
        var six = Enumerable.Range(0, 6).Select(static number => new ExpiredMember(Members.Of($"e{number}"), Start, 6 - number, TimeSpan.Zero)).ToList();
        var held = PanicGuard.Held(new Membership(1, [], []) { Expired = six }, Options, TimeSpan.Zero);
        Assert.That(held.Select(static member => member.Key.Name), Is.EqualTo(new[] { "e3", "e4", "e5" }));

        foreach (var confirmed in held)
        {
            six.RemoveAll(expired => expired.Member == confirmed);
            Assert.That(PanicGuard.Held(new Membership(1, [], []) { Expired = six }, Options, TimeSpan.Zero).Select(static member => member.Key.Name), Is.SubsetOf(new[] { "e3", "e4", "e5" }));
        }
    }

    [Test]
    public void Who_is_held_stays_so_when_others_of_the_event_are_back()
    {
        // Of six, six expired: three were let go. One after another comes back, and nobody goes in its place.
        var six = Enumerable.Range(0, 6).Select(static number => new ExpiredMember(Members.Of($"e{number}"), Start, 6 - number, TimeSpan.Zero)).ToList();
        foreach (var back in new[] { 0, 4, 1, 2 })
        {
            var returned = six.FindAll(expired => expired.Member.Key.Name == $"e{back}");
            var membership = new Membership(1, [], []) { Expired = [.. six.Except(returned)], Returned = returned };
            var expected = new[] { "e3", "e4", "e5" }.Except([$"e{back}"]);
            Assert.That(PanicGuard.Held(membership, Options, TimeSpan.Zero).Select(static member => member.Key.Name), Is.EqualTo(expected));
        }
    }

    [Test]
    public void Who_goes_after_the_others_of_the_event_are_back_goes_from_a_set_that_has_them()
    {
        // All six went for a moment and were back after two seconds; a second later two go for good.
        var back = Enumerable.Range(0, 6).Select(static number => new ExpiredMember(Members.Of($"e{number}"), Start, 6 - number, TimeSpan.Zero) { BackAt = TimeSpan.FromSeconds(2) }).ToList();
        ExpiredMember[] gone = [.. back[4..].Select(static (expired, index) => expired with { Mark = TimeSpan.FromSeconds(3), SetSize = 6 - index, BackAt = null })];
        Assert.That(PanicGuard.Held(new Membership(1, [], []) { Expired = gone, Returned = back[..4] }, Options, TimeSpan.FromSeconds(3)), Is.Empty);

        // They went while those were away: as any of the event.
        gone = [.. gone.Select(static expired => expired with { Mark = TimeSpan.FromSeconds(1) })];
        Assert.That(PanicGuard.Held(new Membership(1, [], []) { Expired = gone, Returned = back[..4] }, Options, TimeSpan.FromSeconds(3)).Select(static member => member.Key.Name), Is.EqualTo(new[] { "e4", "e5" }));
    }

    [Test]
    public void Who_is_back_and_not_ready_is_no_reason_to_let_the_others_go()
    {
        // Of eight four go, and are back as down, or ready and drained at once; then the other four go.
        var four = Enumerable.Range(0, 4).Select(static number => new ExpiredMember(Members.Of($"e{number}"), Start, 8 - number, TimeSpan.Zero)).ToList();
        ExpiredMember[] others = [.. Enumerable.Range(4, 4).Select(static number => new ExpiredMember(Members.Of($"e{number}"), Start, 8 - number, TimeSpan.FromSeconds(3)))];

        Assert.That(PanicGuard.Held(new Membership(1, [], []) { Expired = others, Returned = four }, Options, TimeSpan.FromSeconds(3)), Has.Count.EqualTo(4), "down");
        four = four.ConvertAll(static expired => expired with { BackAt = TimeSpan.FromSeconds(2) });
        Assert.That(PanicGuard.Held(new Membership(1, [], []) { Expired = others, Returned = four }, Options, TimeSpan.FromSeconds(3)), Has.Count.EqualTo(2), "drained: four were ready when they went");
    }

    [Test]
    public void Who_was_let_go_is_not_held_when_one_of_the_event_goes_again()
    {
        // One of twelve goes, and is back, not ready; of five that are not drained three go, as part of the same event.
        var time = new FakeTimeProvider(Start);
        var (holds, now) = (new PanicHolds(Options, time, static _ => true), time.Mark());
        var first = new ExpiredMember(Members.Of("e1"), Start, 12, now);
        ExpiredMember[] three = [.. Enumerable.Range(0, 3).Select(number => new ExpiredMember(Members.Of($"e{number + 2}"), Start, 5 - number, now + TimeSpan.FromSeconds(2)))];
        Assert.That(Held([first], []), Is.Empty);
        Assert.That(Held(three, [first]), Is.Empty);

        // By itself that one's second going would leave an event of five, of which two may go.
        ExpiredMember[] again = [.. three, first with { Mark = now + TimeSpan.FromSeconds(4), SetSize = 3 }];
        Assert.That(PanicGuard.Held(new Membership(1, [], []) { Expired = again }, Options, now + TimeSpan.FromSeconds(4)).Select(static member => member.Key.Name), Has.Member("e4"));
        Assert.That(Held(again, []), Is.EqualTo(new[] { "e1" }));
        Assert.That(Held([], []), Is.Empty);

        string[] Held(IReadOnlyList<ExpiredMember> expired, IReadOnlyList<ExpiredMember> returned) =>
            [.. holds.Followed(new Membership(1, [], []) { Expired = [.. expired.OrderBy(static one => one.Mark)], Returned = returned }).Members.Held.Select(static member => member.Key.Name)];
    }

    [Test]
    public void What_expires_while_the_store_comes_back_is_kept_for_a_moment_even_a_set_of_one_and_then_judged_like_any()
    {
        var expired = Enumerable.Range(0, 4).Select(static number => new ExpiredMember(Members.Of($"e{number}"), Start, 4 - number, TimeSpan.Zero) { DoubtedSince = TimeSpan.Zero }).ToList();
        foreach (var count in new[] { 1, 4 })
        {
            var soon = ExpiredMember.Doubt - TimeSpan.FromMilliseconds(1);
            var membership = new Membership(1, [], []) { Expired = expired[..count], Heard = soon };
            var (kept, left) = PanicGuard.Doubted(membership, soon, static _ => true);
            Assert.That((kept.Count, left), Is.EqualTo((count, TimeSpan.FromMilliseconds(1))));
            Assert.That(PanicGuard.Held(membership, Options, soon), Is.Empty, "it is no panic");
            Assert.That(PanicGuard.Doubted(membership, soon, static _ => false).Members, Is.Empty);

            // As long as the store says nothing nobody can have come back, and nothing is to be done until it does.
            (kept, left) = PanicGuard.Doubted(membership, TimeSpan.FromHours(1), static _ => true);
            Assert.That((kept.Count, left), Is.EqualTo((count, TimeSpan.MaxValue)));
            Assert.That(PanicGuard.Held(membership, Options, TimeSpan.FromMinutes(1)), Is.Empty);

            var later = membership with { Heard = ExpiredMember.Doubt };
            Assert.That(PanicGuard.Doubted(later, ExpiredMember.Doubt, static _ => true).Members, Is.Empty);
            Assert.That(PanicGuard.Held(later, Options, ExpiredMember.Doubt), Has.Count.EqualTo(count == 1 ? 0 : 2));
        }
    }

    [Test]
    public void A_threshold_of_zero_protects_nothing() =>
        Assert.That(Held(0, TimeSpan.Zero, Options with { Threshold = 0 }, 0, 0, 0, 0), Is.Empty);

    [Test]
    public void Each_set_is_judged_by_itself()
    {
        var membership = new Membership(1, [.. Enumerable.Range(0, 5).Select(static number => Members.Of($"m{number}", set: 1))], [])
        {
            Expired = [.. Enumerable.Range(0, 4).Select(static number => new ExpiredMember(Members.Of($"e{number}", set: 2), Start, 4 - number, TimeSpan.Zero))],
        };

        Assert.That(PanicGuard.Held(membership, Options, TimeSpan.Zero).Select(static member => member.Key.Set), Is.EqualTo(new[] { 2, 2 }));
    }

    [Test]
    public void A_set_never_falls_below_its_floor_by_one_event() => Gen.Select(Gen.Int[0, 30], Gen.Int[0, 30], Gen.Int[1, 100]).Sample(static (ready, expired, threshold) =>
    {
        var held = Held(ready, TimeSpan.Zero, Options with { Threshold = threshold }, [.. Enumerable.Repeat(0, expired)]).Count;
        var before = ready + expired;
        var floor = (int)Math.Ceiling(before * threshold / 100.0);
        return expired == 0 || ready + held >= Math.Min(floor, before - 1);
    });

    private static Membership Wished(IEnumerable<ExpiredMember> expired, params string[] drained) =>
        OperatedSource.Apply(new Membership(1, [], []) { Expired = [.. expired], Intents = FakeIntents.Draining(1, drained) });

    private static IReadOnlyList<Member> Held(int ready, params int[] secondsOfExpiry) => Held(ready, TimeSpan.FromSeconds(secondsOfExpiry[^1]), Options, secondsOfExpiry);

    private static IReadOnlyList<Member> Held(int ready, TimeSpan now, PanicOptions options, params int[] secondsOfExpiry)
    {
        var membership = new Membership(1, [.. Enumerable.Range(0, ready).Select(static number => Members.Of($"m{number}"))], [])
        {
            Expired = [.. secondsOfExpiry.Select((second, number) => new ExpiredMember(Members.Of($"e{number:00}"), Start.AddSeconds(second), ready + secondsOfExpiry.Length - number, TimeSpan.FromSeconds(second)))],
        };
        return PanicGuard.Held(membership, options, now);
    }
}
