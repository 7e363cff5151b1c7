using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Plan.Shares.SharedSet;

namespace KamRpcDispatcher.Tests.Plan.Shares;

/// <summary>Who gets calls from a proxy that prefers a zone.</summary>
public class ZoneSharesTests
{
    private static readonly ZonePreference ZoneA = new("a", ZonePreference.DefaultMinRoutable);

    [TestCase(4, 4, 50, 1024, ZoneUse.Own)]
    [TestCase(4, 2, 50, 1024, ZoneUse.Own, Description = "half of them is enough")]
    [TestCase(4, 1, 50, 205, ZoneUse.All, Description = "1 of the 5 who are routable")]
    [TestCase(4, 3, 100, 439, ZoneUse.All, Description = "3 of 7")]
    [TestCase(4, 1, 0, 1024, ZoneUse.Own)]
    [TestCase(4, 0, 0, 0, ZoneUse.All, Description = "nobody is never enough")]
    public void The_others_get_calls_when_too_few_of_the_zone_do(int members, int routable, int least, int slots, ZoneUse use)
    {
        var set = new SharedSet([.. In("a", members, "a"), .. In("b", 4, "b")]) { Zone = ZoneA with { MinRoutable = least }, Dead = [.. In("a", members, "a").Skip(routable).Select(static member => member.Key.Name)] };
        var shares = set.Shares();

        Assert.That(shares.Shares.Select(static share => (share.Class.Text, share.Slots)), Is.EqualTo(new[] { ("*;zone=own", slots), ("*;zone=other", 1024 - slots) }));
        Assert.That((shares.Zone, shares.Widened.Count), Is.EqualTo(((ZoneUse?)use, use == ZoneUse.All ? 1 : 0)));
        Assert.That(shares.Idle, Is.Empty, "fail-over ends with everybody");
    }

    [Test]
    public void Of_a_set_without_anybody_of_the_zone_everybody_serves_and_of_one_that_has_nobody_else_the_home_set()
    {
        var absent = new SharedSet([.. In("b", 2, "b"), One("c")]) { Zone = ZoneA }.Shares();
        Assert.That((absent.Zone, absent.Map), Is.EqualTo(((ZoneUse?)ZoneUse.Absent, (ShareMap?)null)));

        var own = new SharedSet([.. In("a", 2, "a")]) { Zone = ZoneA }.Shares();
        Assert.That((own.Zone, own.Map), Is.EqualTo(((ZoneUse?)ZoneUse.Own, (ShareMap?)null)));
        Assert.That(new SharedSet([.. In("a", 2, "a")]).Shares().Zone, Is.Null);
    }

    [Test]
    public void Each_value_of_a_split_has_its_own_zone_and_keeps_its_share()
    {
        var set = new SharedSet([.. In("a", 2, "a", "v1"), .. In("b", 2, "b", "v1"), .. In("c", 2, "a", "v2"), .. In("d", 1, "b", "v2"), .. In("e", 1, "b", "v3")])
        {
            Zone = ZoneA, Split = Between(("v1", 500), ("v2", 400), ("v3", 100)), Dead = ["c001", "c002"],
        };
        var shares = set.Shares();

        Assert.That(shares.Shares.Select(static share => (share.Class.Text, share.Slots)), Is.EqualTo(new[] { ("v1;zone=own", 512), ("v1;zone=other", 0), ("v2;zone=own", 0), ("v2;zone=other", 410), ("v3;zone=other", 102) }));
        Assert.That((shares.Zone, shares.Widened), Is.EqualTo(((ZoneUse?)ZoneUse.All, ImmutableSortedSet.Create("v2", "v3"))));
        shares = (set with { Dead = [] }).Shares();
        Assert.That((shares.Zone, shares.Widened.Single()), Is.EqualTo(((ZoneUse?)ZoneUse.Partly, "v3")), "no zone is short, but v3 has nobody in it");
        Assert.That(shares.Unshared, Is.EquivalentTo(new[] { "b001", "b002", "d001" }.Select(static name => KeyValuePair.Create(new MemberKey(1, name), FailOverOnly.Zone))));
    }

    [Test]
    public void A_split_by_the_zone_itself_is_no_zone_that_is_short()
    {
        var shares = new SharedSet([.. In("a", 2, "a"), .. In("b", 2, "b")]) { Zone = ZoneA, Split = Between(("a", 900), ("b", 100)) with { Label = ZonePreference.Label } }.Shares();

        Assert.That(shares.Shares.Select(static share => (share.Class.Text, share.Slots)), Is.EqualTo(new[] { ("a;zone=own", 922), ("b;zone=other", 102) }));
        Assert.That((shares.Zone, shares.Unshared.Count), Is.EqualTo(((ZoneUse?)ZoneUse.Partly, 0)));
    }

    [TestCase(1, ZoneUse.Partly)]
    [TestCase(2, ZoneUse.All)]
    public void Where_nobody_of_the_zone_gets_calls_it_does_not_serve_whatever_the_values_of_the_split(int dead, ZoneUse use)
    {
        Member[] zone = [.. In("a", 2, "a")];
        var drained = zone.Select((member, index) => index < dead ? member with { State = MemberState.Draining } : member);
        var shares = new SharedSet([.. drained, .. In("b", 2, "b")]) { Zone = ZoneA, Split = Between(("a", 500), ("b", 500)) with { Label = ZonePreference.Label } }.Shares();

        Assert.That(shares.Zone, Is.EqualTo((ZoneUse?)use));
    }

    [Test]
    public void Within_the_zone_weights_and_slow_starts_count_and_percentages_are_of_those_who_serve()
    {
        var slow = new SharedSet([.. In("a", 2, "a"), .. In("b", 2, "b"), In("c", 1, "a").Single()]) { Zone = ZoneA, Starts = ImmutableDictionary<string, MemberStart>.Empty.Add("c001", new(1, 1, true)) }.Shares();
        Assert.That(slow.Shares.Select(static share => (share.Class.Text, share.Slots)), Is.EqualTo(new[] { ("*;zone=own", 975), ("*;zone=other", 0), ("*;start=1;zone=own", 49) }), "1 of 21");

        var percent = new SharedSet(In("a", 1, "a").Single() with { Weight = 25 }, In("b", 1, "a").Single(), In("c", 1, "b").Single()) { Zone = ZoneA, ArePercentages = true }.Shares();
        Assert.That(percent.Shares.Select(static share => (share.Class.Text, share.Slots)), Is.EqualTo(new[] { ("*;zone=own", 768), ("*;zone=other", 0), ("*;weight=25;zone=own", 256) }));
    }

    /// <summary>Over generated sets, of members that are ready, drained, dead, of two zones, three values and several weights, and that start slowly.</summary>
    [Test]
    public void All_slots_are_dealt_by_largest_remainders_and_none_to_a_class_without_anybody_while_another_has_some()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            Member[] members =
            [
                .. Enumerable.Range(1, random.Next(1, 25)).Select(number => Zoned(
                    One($"m{number:000}", $"v{random.Next(1, 4)}", random.Next(3) == 0 ? random.Next(1, 101) : null, random.Next(5) == 0 ? MemberState.Down : MemberState.Ready),
                    random.Next(2) == 0 ? "a" : "b")),
            ];
            var set = new SharedSet([.. members])
            {
                Zone = random.Next(2) == 0 ? ZoneA : null,
                Split = random.Next(2) == 0 ? Between(("v1", 300), ("v2", 450), ("v3", 250)) : null,
                Dead = [.. members.Where(_ => random.Next(4) == 0).Select(static member => member.Key.Name)],
                Starts = members.Where(_ => random.Next(4) == 0).ToImmutableDictionary(static member => member.Key.Name, _ => random.Next(1, 4) is var cohort ? new MemberStart(cohort, 3 * cohort, true) : default),
            };
            var shares = set.Shares();
            if (shares.Map is not { } map)
            {
                continue;
            }

            Assert.That(map.Counts.Values.Sum(), Is.EqualTo(ShareMap.Slots), $"seed {seed}");
            Assert.That(shares.Shares.Where(static share => share.Slots > 0 && share.Routable == 0 && share.Set is not null), Is.Empty, $"seed {seed}");
            foreach (var value in shares.Shares.GroupBy(static share => share.Class.Value).Where(static value => value.Any(static share => share.Routable > 0)))
            {
                var isNarrow = set.Zone is not null && !shares.Widened.Contains(value.First().Class.ValueText);
                var weights = value.ToDictionary(static share => share.Class, share => isNarrow && share.Class.IsInZone is false ? 0m : share.Class.Relative * (share.Class.Start > 0 ? 3m * share.Class.Start : 10) * share.Routable);
                var whole = value.Sum(static share => share.Slots);
                var sum = weights.Values.Sum();
                Assert.That(value.Select(share => Math.Abs(share.Slots - (whole * weights[share.Class] / sum))), Is.All.LessThan(1m), $"seed {seed}: {map}");
                Assert.That(whole, Is.EqualTo(set.Split is null ? 1024m : 1024m * set.Split.Shares[value.Key!] / 1000).Within(1m), $"seed {seed}");
            }
        }
    }

    private static IEnumerable<Member> In(string prefix, int count, string zone, string? version = null) => Many(count, prefix, version).Select(member => Zoned(member, zone));

    private static Member Zoned(Member member, string zone) => member with { Labels = member.Labels.Add(ZonePreference.Label, zone) };
}
