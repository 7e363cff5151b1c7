using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Origins;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Origins;

/// <summary>A wrong set number at a start takes nobody out at once.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class UnnamedSetsTests
{
    private const int Unsourced = 1088;

    private readonly FakeTimeProvider _time = new();
    private readonly LogCapture<UnnamedSets> _log = new();
    private readonly TaughtOrigin _file = new();
    private readonly MergedOrigins _merged;

    public UnnamedSetsTests() => _merged = With(new FileOrigin("/m.json", [2]));

    [Test]
    public void Members_of_before_in_a_set_that_no_source_brings_are_held_like_a_mass_expiry()
    {
        _merged.Seed(Of(9, "abcd") with { Sources = new Dictionary<int, string> { [1] = "file:/m.json" } });
        Assert.That(_merged.Current, Is.Null);
        _file.Current = new Membership(10, [Members.Of("x", set: 2)], []);

        var now = _merged.Current!;
        Assert.That(now.Members.Select(static member => member.Key.ToString()), Is.EqualTo(new[] { "2/x" }));
        Assert.That(Held(), Is.EqualTo(new[] { "c", "d" }));
        Assert.That(now.Left[new MemberKey(1, "a")], Is.EqualTo(LeaveCause.Unsourced));
        Assert.That(now.Sources, Is.EqualTo(new Dictionary<int, string> { [1] = "file:/m.json", [2] = "file:/m.json" }));
        Assert.That(_log.Of(Unsourced), Has.Count.EqualTo(1).And.All.Contain("No --source brings set 1, in which 4 members of file:/m.json got calls until now"));
        Assert.That(_merged.Current, Is.SameAs(now));

        _time.Advance(new PanicOptions().Hold);
        Assert.That(Held(), Is.Empty);
    }

    [Test]
    public void Who_is_held_in_a_PANIC_already_stays_so_and_no_longer_than_before()
    {
        List<ExpiredMember> expired = [.. "abcd".Select(name => new ExpiredMember(Members.Of($"{name}"), _time.GetUtcNow(), 4, _time.Mark()))];
        _time.Advance(TimeSpan.FromMinutes(1));
        _merged.Seed(new Membership(9, [], []) { Expired = expired });
        _file.Current = new Membership(10, [], []);

        Assert.That(Held(), Is.EqualTo(new[] { "c", "d" }));
        Assert.That(_log.Of(Unsourced), Has.Count.EqualTo(1));
        _time.Advance(new PanicOptions().Hold - TimeSpan.FromMinutes(1));
        Assert.That(Held(), Is.Empty);
    }

    [Test]
    public void Those_whom_only_Kamailios_list_shows_are_held_too()
    {
        _file.Current = new Membership(10, [], []);
        Assert.That(_merged.Current!.Expired, Is.Empty);

        Assert.That(_merged.SeedListed([.. "abcd".Select(static name => Members.Of($"{name}"))]), Is.True);
        Assert.That(Held(), Is.EqualTo(new[] { "c", "d" }));
        Assert.That(_log.Of(Unsourced), Has.Count.EqualTo(1).And.All.Contain("in which 4 members got calls"));
        Assert.That(_merged.SeedListed([.. "abcd".Select(static name => Members.Of($"{name}"))]), Is.False);
    }

    [Test]
    public void Of_a_single_one_it_is_said_that_it_is_not_held()
    {
        _merged.Seed(Of(9, "a"));
        _file.Current = new Membership(10, [], []);

        Assert.That(_merged.Current!.Expired, Has.Count.EqualTo(1));
        Assert.That(Held(), Is.Empty);
        Assert.That(_log.Of(Unsourced), Has.Count.EqualTo(1).And.All.Contain("a single one is not held"));
    }

    [Test]
    public void A_set_that_is_not_managed_is_left_alone()
    {
        var merged = With(new FileOrigin("/m.json", [2]), static set => set != 1);
        merged.Seed(Of(9, "abcd"));
        _file.Current = new Membership(10, [], []);

        Assert.That(merged.Current!.Expired, Is.Empty);
        Assert.That(merged.Current.Left, Is.Empty);
        Assert.That(_log.Of(Unsourced), Is.Empty);
    }

    [Test]
    public void Where_one_brings_all_the_other_sets_there_is_no_such_set()
    {
        var merged = With(new FileOrigin("/m.json"));
        merged.Seed(Of(9, "abcd"));
        _file.Current = new Membership(10, [Members.Of("a")], []);

        Assert.That((merged.Current!.Revision, merged.Current.Expired.Count), Is.EqualTo((10L, 0)));
        Assert.That(merged.Current.Sources, Is.EqualTo(new Dictionary<int, string> { [1] = "file:/m.json" }));
    }

    private static Membership Of(long revision, string names) => new(revision, [.. names.Select(static name => Members.Of($"{name}"))], []);

    private MergedOrigins With(MemberOrigin origin, Predicate<int>? manages = null) => new([new FollowedOrigin(origin, _file)], unnamed: new UnnamedSets(_time, _log, manages: manages));

    private IEnumerable<string> Held() => PanicGuard.Held(_merged.Current!, new PanicOptions(), _time.Mark()).Select(static member => member.Key.Name);

    private sealed class TaughtOrigin : IMemberOrigin
    {
        public Membership? Current { get; set; }

        public StoreOutage? Away => null;

        public TimeSpan? HeardAgo => null;

        public void Seed(Membership before)
        {
        }

        public bool SeedListed(IReadOnlyList<Member> listed) => false;

        public Task RunAsync(Action changed, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
