using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operators;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Dispatch.Shares.SharedFleet;

namespace KamRpcDispatcher.Tests.Dispatch.Shares;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ShareKeeperTests
{
    private static readonly Member[] Fleet =
    [
        Labelled("a", ("version", "v1")), Labelled("b", ("version", "v1")), Labelled("c", ("version", "v2")),
    ];

    private readonly FakeShareTable _table = new();
    private readonly FakeTimeProvider _time = new();
    private readonly LogCapture<ShareKeeper> _log = new();
    private readonly TroubleTracker _troubles = new(TimeProvider.System);
    private readonly ShareKeeper _keeper;
    private IReadOnlyDictionary<int, ImmutableSortedSet<string>> _unnumbered = new Dictionary<int, ImmutableSortedSet<string>>();

    public ShareKeeperTests() => _keeper = new ShareKeeper(_table, new PlanPolicy("c"), ShareWay.Map, asked => _unnumbered = asked, _time, _log);

    private static OperatorShares Split(params (string Value, int PerCent)[] shares) => FakeShares.Followed(5, FakeShares.Split(1, shares)) with
    {
        Numbers = Numbers("v1", "v2"),
    };

    [Test]
    public async Task Without_a_split_and_with_one_weight_nobody_stands_anywhere_else_and_no_map_is_written()
    {
        var (members, shares) = await ShareAsync(FakeShares.Followed(1), Listed(1, "a", "b", "c"));

        Assert.That(members.All, Is.EqualTo(Fleet));
        Assert.That((shares.Maps.Count, shares.HasTable, await _keeper.WriteAsync(shares, _troubles, CancellationToken.None)), Is.EqualTo((0, true, true)));
        Assert.That(_table.Maps, Is.Empty);
    }

    [Test]
    public async Task Classes_without_a_number_are_asked_for_and_nothing_is_in_force_before_they_have_one()
    {
        var (members, shares) = await ShareAsync(FakeShares.Followed(5, FakeShares.Split(1, ("v1", 95), ("v2", 5))), Listed(1, "a", "b", "c"));

        Assert.That(_unnumbered[1], Is.EqualTo(new[] { "v1", "v2" }));
        Assert.That(members.All, Is.EqualTo(Fleet));
        Assert.That(await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), Is.False);
    }

    [Test]
    public async Task A_map_names_classes_when_their_members_are_there_and_not_sooner()
    {
        var (members, shares) = await ShareAsync(Split(("v1", 95), ("v2", 5)), Listed(1, "a", "b", "c"));
        Assert.That(members.All.Where(static member => ClassSets.Has(member.Key.Set)).Select(static member => member.Key), Is.EquivalentTo(new[] { new MemberKey(Stable, "a"), new MemberKey(Stable, "b"), new MemberKey(Canary, "c") }));
        Assert.That((members.Membership.ClassKeys[new MemberKey(1, "c")].Single(), shares.Maps.Count), Is.EqualTo((new MemberKey(Canary, "c"), 0)));

        (_, shares) = await ShareAsync(Split(("v1", 95), ("v2", 5)), [.. Listed(1, "a", "b", "c"), .. Listed(Stable, "a", "b"), .. Listed(Canary, "c")]);
        Assert.That(await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), Is.True);
        Assert.That(ShareMap.TryParse(_table.Maps[1], out var map, out _));
        Assert.That((map!.CountOf(1), map.CountOf(2), map.CountOf(0)), Is.EqualTo((973, 51, 0)));
        Assert.That(_log.Of(3100).Single(), Does.Contain("v1 95.0 % (wanted 95 %, 2 of 2 routable)").And.Contain("v2 5.0 % (wanted 5 %, 1 of 1 routable)"));
    }

    [Test]
    public async Task What_Kamailio_has_already_is_not_written_again_and_a_map_that_somebody_changed_is_put_right()
    {
        await FillAsync();
        var writes = _table.Writes;
        var (_, shares) = await ShareAsync(Split(("v1", 95), ("v2", 5)), Whole);
        Assert.That((shares.Maps.Count, _table.Writes), Is.EqualTo((0, writes)));

        _table.Maps[1] = ShareMap.Home.Text;
        _time.Advance(TimeSpan.FromSeconds(1));
        (_, shares) = await ShareAsync(Split(("v1", 95), ("v2", 5)), Whole);
        Assert.That(await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), Is.True);
        Assert.That(ShareMap.TryParse(_table.Maps[1], out var map, out _) && map.CountOf(2) == 51);
    }

    [Test]
    public async Task Classes_are_named_for_as_long_as_Kamailio_has_the_map()
    {
        var split = Split(("v1", 95), ("v2", 5));
        Assert.That(_keeper.NamedClasses(split).Keys, Is.EquivalentTo(new[] { Stable, Canary }), "whether Kamailio has one is not known yet");
        await FillAsync();
        Assert.That(_keeper.NamedClasses(split).OrderBy(static one => one.Key).Select(static one => (one.Key, one.Value)), Is.EqualTo(new[] { (Stable, new NamedClass(1, "v1")), (Canary, new NamedClass(1, "v2")) }));
        Assert.That(_keeper.NamedClasses(null)[Canary], Is.EqualTo(new NamedClass(1, null)), "nobody knows its name");

        var (_, shares) = await ShareAsync(FakeShares.Followed(6) with { Numbers = Numbers("v1", "v2") }, Whole);
        Assert.That(_keeper.NamedClasses(split), Has.Count.EqualTo(2), "it is still there");
        await _keeper.WriteAsync(shares, _troubles, CancellationToken.None);
        Assert.That(_keeper.NamedClasses(split), Is.Empty);
    }

    [Test]
    public async Task A_restarted_Kamailio_has_its_map_again()
    {
        await FillAsync();
        _table.Maps.Clear();
        var (_, shares) = await ShareAsync(Split(("v1", 95), ("v2", 5)), Whole, start: 2);

        Assert.That(await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), Is.True);
        Assert.That(_table.Maps, Does.ContainKey(1));
    }

    [Test]
    public async Task The_end_of_a_split_takes_the_map_away_at_once()
    {
        await FillAsync();
        var (members, shares) = await ShareAsync(FakeShares.Followed(9), Whole);

        Assert.That(await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), Is.True);
        Assert.That(_table.Maps, Is.Empty);
        Assert.That(members.All, Is.EqualTo(Fleet));
        Assert.That(_log.Of(3101), Has.Exactly(1).Items);
    }

    [Test]
    public async Task Whoever_has_no_share_is_draining_in_the_home_set_too()
    {
        var (members, _) = await ShareAsync(Split(("v1", 0), ("v2", 100)), Whole);

        Assert.That(members.All.Where(static member => member.Key.Set == 1 && member.State == MemberState.Draining).Select(static member => member.Key.Name), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(members.All[0].Reason, Does.Contain("no share"));
    }

    [Test]
    public async Task A_split_that_nobody_ready_can_serve_is_told_and_all_who_are_ready_get_the_calls()
    {
        Member[] left = [Fleet[0] with { State = MemberState.Draining }, Fleet[1] with { State = MemberState.Draining }, Fleet[2]];
        var (members, shares) = await _keeper.ShareAsync(new CycleMembers(new Membership(1, left, []) { Shares = Split(("v1", 100), ("v2", 0)) }, [], []), Table(1, Whole), static _ => false, CancellationToken.None);

        Assert.That(members.All.Single(static member => member.Key == new MemberKey(1, "c")).State, Is.EqualTo(MemberState.Ready));
        Assert.That(await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), Is.True);
        Assert.That(_troubles.Take().Single(), Has.Property("Kind").EqualTo("shares").And.Property("Sets").EqualTo(new[] { 1 }).And.Property("Text").Contains("the split is not followed"));
    }

    [Test]
    public async Task What_is_shared_anew_in_the_same_way_is_the_same_for_who_compares()
    {
        var membership = new Membership(1, Fleet, []);
        var (_, shares) = await ShareAsync(Split(("v1", 0), ("v2", 100)), Whole);
        var before = new CycleMembers(membership, [], []).Share(shares).Membership;

        (_, shares) = await ShareAsync(Split(("v1", 0), ("v2", 100)), Whole);
        Assert.That(before.IsSameAs(new CycleMembers(membership, [], []).Share(shares).Membership), Is.True);
        (_, shares) = await ShareAsync(Split(("v1", 50), ("v2", 50)), Whole);
        Assert.That(before.IsSameAs(new CycleMembers(membership, [], []).Share(shares).Membership), Is.False, "a and b get calls in it");
    }

    [Test]
    public async Task A_map_that_is_not_taken_is_told_and_not_in_force()
    {
        _table.Forgets = true;
        var (_, shares) = await ShareAsync(Split(("v1", 95), ("v2", 5)), Whole);

        Assert.That(await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), Is.False);
        Assert.That(_log.Of(3102), Has.Exactly(1).Items);
    }

    [Test]
    public async Task Without_the_table_everybody_stays_in_the_home_set_and_the_split_is_told_as_not_followed()
    {
        _table.IsMissing = true;
        var (members, shares) = await ShareAsync(Split(("v1", 0), ("v2", 100)), Listed(1, "a", "b", "c"));

        Assert.That(members.All, Is.EqualTo(Fleet));
        Assert.That((await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), shares.HasTable), Is.EqualTo((false, false)));
        Assert.That(_troubles.Take().Single(), Has.Property("Kind").EqualTo("shares").And.Property("Sets").EqualTo(new[] { 1 }));

        // Weights travel in attributes then: nothing is owed.
        (_, shares) = await ShareAsync(FakeShares.Followed(9), Listed(1, "a", "b", "c"));
        Assert.That(await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), Is.True);
    }

    [Test]
    public async Task A_number_that_two_sets_claim_is_the_first_ones_and_the_other_one_is_told_with_what_helps()
    {
        var split = Split(("v1", 95), ("v2", 5));
        var wrong = split with
        {
            Splits = split.Splits.Add(2, FakeShares.Split(2, ("v1", 50), ("v2", 50))),
            Numbers = split.Numbers.Add(2, ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("v1", 3), KeyValuePair.Create("v2", 2)])),
        };
        Member[] both = [.. Fleet, .. Fleet.Select(static member => member with { Key = member.Key with { Set = 2 } })];
        var (_, shares) = await _keeper.ShareAsync(new CycleMembers(new Membership(1, both, []) { Shares = wrong }, [], []), Table(1, Whole), static _ => false, CancellationToken.None);

        Assert.That(_unnumbered.Keys, Is.EqualTo(new[] { 2 }));
        Assert.That(_unnumbered[2], Is.EqualTo(new[] { "v2" }));
        Assert.That(await _keeper.WriteAsync(shares, _troubles, CancellationToken.None), Is.False);
        Assert.That(_troubles.Take().Single(), Has.Property("Kind").EqualTo("shares").And.Property("Sets").EqualTo(new[] { 2 }).And.Property("Text").Contains("'etcdctl del /kamrpc/c/classes/2' has them given anew"));
    }

    private static ListedDestination[] Whole => [.. Listed(1, "a", "b", "c"), .. Listed(Stable, "a", "b"), .. Listed(Canary, "c")];

    private Task<(CycleMembers Members, CycleShares Shares)> ShareAsync(OperatorShares shares, ListedDestination[] listed, int start = 1) =>
        _keeper.ShareAsync(new CycleMembers(new Membership(1, Fleet, []) { Shares = shares }, [], []), Table(start, listed), static _ => false, CancellationToken.None);

    private async Task FillAsync()
    {
        var (_, shares) = await ShareAsync(Split(("v1", 95), ("v2", 5)), Whole);
        await _keeper.WriteAsync(shares, _troubles, CancellationToken.None);
        Assert.That(_table.Maps, Does.ContainKey(1));
    }
}
