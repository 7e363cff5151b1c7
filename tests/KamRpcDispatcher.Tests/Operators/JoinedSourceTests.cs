using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Tests.Dispatch;
using KamRpcDispatcher.Tests.Etcd;
using NSubstitute;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operators;

/// <summary>Nobody who is drained gets calls when a dispatcher starts, and nobody waits for intents for ever.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class JoinedSourceTests : IAsyncDisposable
{
    private const int NotTold = 1073;
    private const int WishesEnd = 1077;
    private const int NothingTold = 1079;

    private static readonly StoreIdentity Store = new(7, "http://10.0.0.5:2379");
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly Membership Announced = new(9, [Members.Of("a")], []) { Store = Store };
    private static readonly Membership Saved = new(5, [Members.Of("a")], []) { Store = Store, Intents = FakeIntents.Draining(0, "a") with { IsFollowed = false } };

    private readonly ObservedTime _time = new();
    private readonly FakeMembership _members = new();
    private readonly LogCapture<JoinedSource> _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Milestones _changes = new();
    private readonly FakeShares _shares = new();
    private FakeIntents _intents = new();
    private JoinedSource _source = null!;
    private int _changeCount;
    private Task _running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    [Test]
    public void Members_are_not_told_before_their_intents_are()
    {
        Start();
        _members.Set(Announced);
        Assert.That((_source.Current, _changeCount), Is.EqualTo(((Membership?)null, 0)), "nobody is woken for nothing");

        _intents.Set(FakeIntents.Draining(8, "a"));
        Assert.That(_source.Current!.Intents!.ByMember.Keys, Is.EqualTo(new[] { new MemberKey(1, "a") }));
        Assert.That((_source.Current.Revision, _changeCount), Is.EqualTo((9L, 1)));
        Assert.That(_source.Current.Members.Single().State, Is.EqualTo(MemberState.Ready), "as it is announced, and as it is saved");
    }

    [Test]
    public void Intents_that_are_there_first_wait_for_the_members()
    {
        Start();
        _intents.Set(FakeIntents.Draining(8, "a"));
        Assert.That((_source.Current, _changeCount), Is.EqualTo(((Membership?)null, 0)));

        _members.Set(Announced);
        Assert.That((_source.Current!.Intents!.Revision, _changeCount), Is.EqualTo((8L, 1)));
    }

    [Test]
    public void A_change_of_either_is_a_change_and_nothing_else_is()
    {
        Start();
        _members.Set(Announced);
        _intents.Set(FakeIntents.Draining(8, "a"));
        var first = _source.Current;
        Assert.That(_source.Current, Is.SameAs(first));

        _intents.Set(FakeIntents.Draining(10));
        var second = _source.Current;
        Assert.That((second!.Intents!.ByMember.Count, _changeCount), Is.EqualTo((0, 2)));
        _members.Set(Announced with { Revision = 11 });
        Assert.That((_source.Current!.Revision, _source.Current.Intents!.Revision, _changeCount), Is.EqualTo((11L, 10L, 3)));
    }

    [Test]
    public void Where_etcd_is_no_source_any_more_what_operators_wished_there_ends_and_is_told_once_that_is_so()
    {
        _source = new JoinedSource(_members, new NoIntents(), new OwnClassNumbers(), _time, _log);
        var weighed = new Intent(new MemberKey(2, "b")) { Weight = 5 };
        var wished = Saved.Intents!.ByMember.Append(new(weighed.Key, weighed)).ToDictionary();
        _source.Seed(Saved with { Intents = Saved.Intents with { ByMember = wished, ByProxy = new Dictionary<string, Intent> { ["edge"] = new(new MemberKey(0, "edge")) { IsDrained = true } } } });
        _running = _source.RunAsync(() => _changeCount++, _stop.Token);
        Assert.That(_log.Of(WishesEnd), Is.Empty, "what was saved is in force");

        _members.Set(Announced with { Store = null });
        _members.Set(Announced with { Store = null, Revision = 10 });
        Assert.That(_log.Of(WishesEnd), Has.Count.EqualTo(1).And.All.Contain("a of set 1 (drained), b of set 2 (weight 5), the proxy edge (drained)."));
    }

    [Test]
    public void Where_nothing_was_wished_nothing_is_told_to_end()
    {
        _source = new JoinedSource(_members, new NoIntents(), new OwnClassNumbers(), _time, _log);
        _source.Seed(Saved with { Intents = null });
        _running = _source.RunAsync(() => _changeCount++, _stop.Token);
        _members.Set(Announced with { Store = null });
        Assert.That(_log.Of(WishesEnd), Is.Empty);
    }

    [Test]
    public void A_storm_of_changes_is_passed_on_and_made_a_membership_by_whoever_asks()
    {
        var members = Substitute.For<IMembershipSource>();
        var membersChanged = static () => { };
        members.Current.Returns(Announced);
        members.RunAsync(Arg.Do<Action>(changed => membersChanged = changed), Arg.Any<CancellationToken>()).Returns(Task.Delay(Timeout.Infinite, _stop.Token));
        _source = new JoinedSource(members, _intents, _shares, _time, _log);
        _running = _source.RunAsync(() => _changeCount++, _stop.Token);
        _intents.Set(FakeIntents.Draining(8, "a"));
        members.ClearReceivedCalls();
        for (var times = 0; times < 100; times++)
        {
            membersChanged();
        }

        Assert.That(_changeCount, Is.EqualTo(101));
        Assert.That(members.ReceivedCalls(), Is.Empty);
    }

    [Test]
    public async Task Patience_begins_with_the_members_and_after_it_what_was_saved_of_this_store_is_in_force()
    {
        Start(Saved);
        _time.Advance(TimeSpan.FromHours(1));
        _members.Set(Announced);
        await _time.WaitForWaitAsync(JoinedSource.Patience);
        _time.Advance(JoinedSource.Patience - Moment);
        Assert.That(_source.Current, Is.Null);

        _time.Advance(Moment);
        await _changes.WaitUntilAsync(() => Volatile.Read(ref _changeCount) == 1);
        Assert.That(_source.Current!.Intents, Has.Property("IsFollowed").False.And.Property("IsRefused").False.And.Property("ByMember").Count.EqualTo(1));
        Assert.That(_log.Of(NotTold).Single(), Does.Contain("within 5s").And.Contain("(1 members)"));

        _intents.Set(FakeIntents.Draining(12));
        Assert.That(_source.Current!.Intents, Has.Property("IsFollowed").True.And.Property("ByMember").Empty);
    }

    [Test]
    public async Task Of_a_store_that_has_told_nothing_it_is_not_said_that_it_has()
    {
        Start(Saved);
        _members.Set(Announced with { SavedOnly = ["etcd"] });
        await _time.WaitForWaitAsync(JoinedSource.Patience);
        _time.Advance(JoinedSource.Patience);
        await _changes.WaitUntilAsync(() => Volatile.Read(ref _changeCount) == 1);

        Assert.That(_log.Of(NotTold), Is.Empty);
        Assert.That(_log.Of(NothingTold).Single(), Does.StartWith("etcd has told neither its members nor what operators wish of them within 5s").And.Contain("(1 members"));
    }

    [Test]
    public async Task What_was_saved_of_another_store_says_nothing_of_this_one()
    {
        Start(Saved with { Store = new StoreIdentity(8, "http://10.0.0.5:2379") });
        _members.Set(Announced);
        await _time.WaitForWaitAsync(JoinedSource.Patience);
        _time.Advance(JoinedSource.Patience);
        await _changes.WaitUntilAsync(() => Volatile.Read(ref _changeCount) == 1);

        Assert.That(_source.Current!.Intents, Has.Property("IsFollowed").False.And.Property("ByMember").Empty);
    }

    [Test]
    public void Where_the_store_refuses_them_members_go_on_at_once_with_what_was_known_of_this_store()
    {
        Start(Saved);
        _intents.Set(OperatorIntents.Unknown with { IsRefused = true });
        _members.Set(Announced);
        Assert.That(_source.Current!.Intents, Has.Property("IsFollowed").False.And.Property("IsRefused").True.And.Property("ByMember").Count.EqualTo(1));
        var first = _source.Current;
        Assert.That(_source.Current, Is.SameAs(first));

        _intents.Set(FakeIntents.Draining(12, "b") with { IsFollowed = false });
        Assert.That(_source.Current!.Intents!.ByMember.Keys.Single().Name, Is.EqualTo("b"), "what was read once is newer than what was saved");
    }

    [Test]
    public async Task Members_wait_for_their_shares_too_and_then_go_by_what_was_saved_of_them()
    {
        var split = FakeShares.Split(1, ("v1", 95), ("v2", 5));
        _shares.Set(null);
        Start(Saved with { Shares = FakeShares.Followed(3, split) with { Revision = 0, IsFollowed = false } });
        _intents.Set(FakeIntents.Draining(8));
        _members.Set(Announced);
        Assert.That(_source.Current, Is.Null);

        await _time.WaitForWaitAsync(JoinedSource.Patience);
        _time.Advance(JoinedSource.Patience);
        await _changes.WaitUntilAsync(() => Volatile.Read(ref _changeCount) == 1);
        Assert.That(_source.Current!.Shares!.Splits[1], Is.EqualTo(split));
        Assert.That(_source.Current.Shares.IsFollowed, Is.False);

        _shares.Set(FakeShares.Followed(12));
        Assert.That(_source.Current!.Shares, Has.Property("IsFollowed").True.And.Property("Splits").Empty);
        var last = _source.Current;
        Assert.That(_source.Current, Is.SameAs(last));
    }

    [Test]
    public void What_ends_one_ends_both()
    {
        _intents = new FakeIntents { Failure = new InvalidDataException("broken") };
        var source = new JoinedSource(_members, _intents, _shares, _time, _log);

        Assert.That(async () => await source.RunAsync(static () => { }, CancellationToken.None), Throws.TypeOf<InvalidDataException>());
    }

    private void Start(Membership? saved = null)
    {
        _source = new JoinedSource(_members, _intents, _shares, _time, _log);
        if (saved is not null)
        {
            _source.Seed(saved);
        }

        _running = _source.RunAsync(
            () =>
            {
                Interlocked.Increment(ref _changeCount);
                _changes.Passed();
            },
            _stop.Token);
    }
}
