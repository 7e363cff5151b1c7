using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
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

/// <summary>From a split by one label to one by another: calls are shared as before until the new classes are filled, and then at once as they are to be.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MapHandoverTests
{
    private const int Blue = ClassSets.Base + 3;

    /// <summary>By version 1 (a, b) has 90 %, and 2 (c, d) 10; by colour blue (a, c, d) has all, and green (b) none.</summary>
    private static readonly Member[] Fleet =
    [
        Labelled("a", ("version", "v1"), ("colour", "blue")), Labelled("b", ("version", "v1"), ("colour", "green")), Labelled("c", ("version", "v2"), ("colour", "blue")), Labelled("d", ("version", "v2"), ("colour", "blue")),
    ];

    private static readonly ListedDestination[] Before = [.. Listed(1, "a", "b", "c", "d"), .. Listed(Stable, "a", "b"), .. Listed(Canary, "c", "d")];

    private readonly FakeShareTable _table = new();
    private readonly FakeTimeProvider _time = new();
    private readonly LogCapture<ShareKeeper> _log = new();
    private readonly TroubleTracker _troubles = new(TimeProvider.System);
    private readonly ShareKeeper _keeper;

    public MapHandoverTests() => _keeper = new ShareKeeper(_table, new PlanPolicy("c"), ShareWay.Map, static _ => { }, _time, _log);

    private static Split ByVersion => FakeShares.Split(1, ("v1", 90), ("v2", 10));

    private static Split ByColour => FakeShares.Split(1, ("blue", 100), ("green", 0)) with { Label = "colour" };

    [Test]
    public async Task The_old_map_and_its_classes_stay_until_the_new_ones_are_filled_and_then_one_map_is_written()
    {
        await CycleAsync(ByVersion, Before);
        var (map, writes) = (_table.Maps[1], _table.Writes);

        // Their numbers are not there yet, then nobody stands in them, then some do.
        var (members, shares) = await CycleAsync(ByColour, Before, numbered: ["v1", "v2"]);
        Assert.That((_table.Maps[1], shares.AreFollowed, shares.IsMoving), Is.EqualTo((map, false, true)));
        Assert.That(Standing(members), Is.EqualTo("1/a 1/c 1/d 1000001/a 1000002/c 1000002/d"), "who is to have none has none by the old map either");
        await CycleAsync(ByColour, Before);
        (members, _) = await CycleAsync(ByColour, [.. Before, .. Listed(Blue, "a", "c")]);
        Assert.That((_table.Maps[1], _table.Writes), Is.EqualTo((map, writes)));
        Assert.That(Standing(members), Is.EqualTo("1/a 1/c 1/d 1000001/a 1000002/c 1000002/d 1000003/a 1000003/c 1000003/d 1000004/b"));

        var whole = Before.Concat(Listed(Blue, "a", "c", "d")).ToArray();
        (members, shares) = await CycleAsync(ByColour, whole);
        Assert.That((_table.Writes, ShareMap.TryParse(_table.Maps[1], out var written, out _) ? written.CountOf(3) : -1, shares.AreFollowed), Is.EqualTo((writes + 1, 1024, true)));
        Assert.That(Standing(members), Does.Contain("1000001/a"), "as long as it is not read back");
        (members, shares) = await CycleAsync(ByColour, whole);
        Assert.That(Standing(members), Is.EqualTo("1/a 1/c 1/d 1000003/a 1000003/c 1000003/d 1000004/b"));
        Assert.That((_log.Of(3101).Count, shares.Maps.Count), Is.EqualTo((0, 0)), "it never was shared evenly");
    }

    [Test]
    public async Task Who_is_drained_meanwhile_gets_no_calls_by_the_old_map_either_and_that_is_what_is_acknowledged()
    {
        await CycleAsync(ByVersion, Before);

        var (members, _) = await CycleAsync(ByColour, [.. Before, .. Listed(Blue, "a")], fleet: [Fleet[0] with { State = MemberState.Draining }, .. Fleet[1..]]);

        Assert.That(members.All.Where(static member => member.Key.Name == "a").Select(static member => (member.Key.Set, member.State)), Is.EqualTo(new[] { (1, MemberState.Draining), (Blue, MemberState.Draining), (Stable, MemberState.Draining) }));
        Assert.That(members.Membership.ClassKeys[new MemberKey(1, "a")].Select(static key => key.Set), Is.EqualTo(new[] { Blue, Stable }));
    }

    [Test]
    public async Task Whom_Kamailio_refuses_or_who_does_not_come_in_time_is_not_waited_for()
    {
        await CycleAsync(ByVersion, Before);
        ListedDestination[] partly = [.. Before, .. Listed(Blue, "a", "c")];
        await CycleAsync(ByColour, partly);
        _time.Advance(MapHandover.Patience);
        var (_, shares) = await CycleAsync(ByColour, partly);
        Assert.That(shares.Maps, Has.Count.EqualTo(1), "nobody else has come for so long");

        await CycleAsync(ByVersion, Before, start: 2);
        (_, shares) = await CycleAsync(ByColour, partly, start: 2, isRefused: static member => member.Key == new MemberKey(Blue, "d"));
        Assert.That(shares.Maps, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task An_old_class_that_has_nobody_left_or_is_another_sets_holds_nothing_up()
    {
        await CycleAsync(ByVersion, Before);
        var (members, shares) = await CycleAsync(ByColour, [.. Listed(1, "a", "b", "c", "d"), .. Listed(Stable, "b"), .. Listed(Canary, "c", "d")]);
        Assert.That(shares.Maps, Has.Count.EqualTo(1), "only b stands there, who is to get none");

        await CycleAsync(ByVersion, Before, start: 2);
        (members, shares) = await CycleAsync(ByColour, Before, start: 2, others: ImmutableSortedDictionary<string, int>.Empty.Add("x", 1).Add("y", 2));
        Assert.That((shares.Maps.Count, Standing(members)), Is.EqualTo((1, "1/a 1/c 1/d 1000003/a 1000003/c 1000003/d 1000004/b")));
    }

    private static string Standing(CycleMembers members) => string.Join(' ', members.All.Where(static member => member.State == MemberState.Ready).Select(static member => member.Key).Order());

    private async Task<(CycleMembers Members, CycleShares Shares)> CycleAsync(Split split, ListedDestination[] listed, int start = 1, Member[]? fleet = null, Func<Member, bool>? isRefused = null, string[]? numbered = null, ImmutableSortedDictionary<string, int>? others = null)
    {
        var numbers = Numbers(numbered ?? ["v1", "v2", "blue", "green"]);
        if (others is not null)
        {
            // As if somebody had written them so: what is this set's else, is the other one's.
            numbers = numbers.SetItem(1, numbers[1].Remove("v1").Remove("v2")).Add(2, others);
        }

        var shares = FakeShares.Followed(5, split) with { Numbers = numbers };
        var made = await _keeper.ShareAsync(new CycleMembers(new Membership(1, fleet ?? Fleet, []) { Shares = shares }, [], []), Table(start, listed), isRefused ?? (static _ => false), CancellationToken.None);
        await _keeper.WriteAsync(made.Shares, _troubles, CancellationToken.None);
        return made;
    }
}
