using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operators;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Dispatch.Shares.SharedFleet;

namespace KamRpcDispatcher.Tests.Dispatch.Shares;

/// <summary>Percentages, slow starts and zones, cycle by cycle.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ShareWaysTests
{
    private readonly FakeShareTable _table = new();
    private readonly FakeTimeProvider _time = new();
    private readonly LogCapture<ShareKeeper> _log = new();
    private readonly TroubleTracker _troubles = new(TimeProvider.System);

    [Test]
    public async Task Percentages_are_shares_and_what_cannot_be_followed_of_them_is_told()
    {
        Member[] members = [Members.Of("a") with { Weight = 25 }, Members.Of("b")];
        var numbers = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("*", 1), KeyValuePair.Create("*;weight=25", 2), KeyValuePair.Create("*;weight=100", 3)]);
        var wishes = FakeShares.Followed(1) with { Numbers = ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>>.Empty.Add(1, numbers) };
        ListedDestination[] listed = [.. Listed(1, "a", "b"), .. Listed(Stable, "b"), .. Listed(Canary, "a")];
        var keeper = new ShareKeeper(_table, new PlanPolicy("c"), ShareWay.Percent, static _ => { }, _time, _log);

        var shares = await WriteAsync();
        Assert.That(ShareMap.TryParse(_table.Maps[1], out var map, out _) && (map.CountOf(1), map.CountOf(2)) == (768, 256), "25 and 75");
        Assert.That((_troubles.Take().Count, shares.PolicyOf(new PlanPolicy("c")).HasShareMaps), Is.EqualTo((0, true)));

        members[0] = members[0] with { Weight = 100 };
        await WriteAsync();
        Assert.That(_troubles.Take().Single(), Has.Property("Kind").EqualTo("shares").And.Property("Text").Contains("take all calls"));

        _table.IsMissing = true;
        Assert.That((await WriteAsync(start: 2)).HasTable, Is.False);
        Assert.That(_troubles.Take().Single(), Has.Property("Kind").EqualTo("shares").And.Property("Text").Contains("no table"));

        async Task<CycleShares> WriteAsync(int start = 1)
        {
            var (_, made) = await keeper.ShareAsync(new CycleMembers(new Membership(1, [.. members], []) { Shares = wishes }, [], []), Table(start, listed), static _ => false, CancellationToken.None);
            await keeper.WriteAsync(made, _troubles, CancellationToken.None);
            return made;
        }
    }

    [Test]
    public async Task A_newcomer_stands_in_its_class_first_and_in_the_home_set_when_the_map_is_there()
    {
        var keeper = new ShareKeeper(_table, new PlanPolicy("c"), ShareWay.Map, static _ => { }, _time, _log);
        Member[] members = [Members.Of("a"), Members.Of("b"), Members.Of("new") with { SlowStart = TimeSpan.FromSeconds(30) }];
        var numbers = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("*", 1), KeyValuePair.Create("*;start=1", 2)]);
        var wishes = FakeShares.Followed(1) with { Numbers = ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>>.Empty.Add(1, numbers) };
        await KeepAsync(members[..2], Listed(1, "a", "b"));

        var (joined, shares) = await KeepAsync(members, Listed(1, "a", "b"));
        Assert.That(joined.All.Single(static member => member.Key == new MemberKey(1, "new")).State, Is.EqualTo(MemberState.Draining));
        Assert.That((joined.Membership.Apart.Single(), joined.Membership.ClassKeys[new MemberKey(1, "new")].Single(), shares.Maps.Count), Is.EqualTo((new MemberKey(1, "new"), new MemberKey(Canary, "new"), 0)));

        (joined, shares) = await KeepAsync(members, [.. Listed(1, "a", "b"), .. Listed(Stable, "a", "b"), .. Listed(Canary, "new")]);
        Assert.That((joined.Membership.Apart.Count, shares.Maps[1]!.CountOf(2), shares.Situation.Starting[new MemberKey(1, "new")]), Is.EqualTo((0, 49, 1)), "1 of 21");
        Assert.That(shares.Rest(TimeSpan.FromMinutes(1)), Is.EqualTo(SlowStarts.Step));

        _time.Advance(TimeSpan.FromSeconds(31));
        (joined, shares) = await KeepAsync(members, [.. Listed(1, "a", "b", "new"), .. Listed(Stable, "a", "b"), .. Listed(Canary, "new")]);
        Assert.That((joined.All, shares.Maps[1], shares.Situation.Starting.Count), Is.EqualTo((members, (ShareMap?)null, 0)));

        async Task<(CycleMembers Members, CycleShares Shares)> KeepAsync(Member[] all, ListedDestination[] listed)
        {
            var made = await keeper.ShareAsync(new CycleMembers(new Membership(1, all, []) { Shares = wishes }, [], []), Table(1, listed), static _ => false, CancellationToken.None);
            await keeper.WriteAsync(made.Shares, _troubles, CancellationToken.None);
            return made;
        }
    }

    [Test]
    public async Task Where_a_zone_is_preferred_a_flapping_member_has_a_map_written_about_once_a_second_and_nobody_waits_for_calls()
    {
        var keeper = new ShareKeeper(_table, new PlanPolicy("c"), ShareWay.Map, static _ => { }, _time, _log, zone: new ZonePreference("x", 100));
        Member[] members = [Labelled("a", ("zone", "x")), Labelled("b", ("zone", "x")), Labelled("c", ("zone", "y"))];
        var numbers = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("*;zone=own", 1), KeyValuePair.Create("*;zone=other", 2)]);
        var wishes = FakeShares.Followed(1) with { Numbers = ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>>.Empty.Add(1, numbers) };
        ListedDestination[] listed = [.. Listed(1, "a", "b", "c"), .. Listed(Stable, "a", "b"), .. Listed(Canary, "c")];
        for (var tenth = 0; tenth < 200; tenth++)
        {
            var isDown = tenth % 4 > 1;
            await CycleAsync(isDown ? [.. listed.Where(static entry => !entry.Uri.Contains("b.", StringComparison.Ordinal))] : listed);
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.That(_table.Writes, Is.InRange(5, 20), "in 20 s, of 100 changes");
        _time.Advance(TimeSpan.FromSeconds(3));
        var shares = await CycleAsync(listed);
        Assert.That((shares.Situation.Zone, shares.Situation.Zones[1], MapCount(1)), Is.EqualTo(("x", ZoneUse.Own, 1024)));
        shares = await CycleAsync([.. Listed(1, "c"), .. Listed(Canary, "c")]);
        Assert.That((shares.Situation.Zones[1], MapCount(2), _log.Of(3107).Any()), Is.EqualTo((ZoneUse.All, 1024, true)), "at once, since nobody would get the calls");
        shares = await CycleAsync(listed);
        Assert.That((shares.Situation.Zones[1], shares.AreFollowed, MapCount(2)), Is.EqualTo((ZoneUse.All, false, 1024)), "that may wait, and is not said to be so before");

        _table.IsMissing = true;
        await CycleAsync(listed, start: 2);
        Assert.That(_troubles.Take().Single(), Has.Property("Kind").EqualTo("shares").And.Property("Text").Contains("a zone is preferred here").And.Property("Sets").EqualTo(new[] { 1 }));

        int MapCount(int number) => ShareMap.TryParse(_table.Maps[1], out var map, out _) ? map.CountOf(number) : -1;

        async Task<CycleShares> CycleAsync(ListedDestination[] there, int start = 1)
        {
            var (_, made) = await keeper.ShareAsync(new CycleMembers(new Membership(1, members, []) { Shares = wishes }, [], []), Table(start, there), static _ => false, CancellationToken.None);
            await keeper.WriteAsync(made, _troubles, CancellationToken.None);
            return made;
        }
    }
}
