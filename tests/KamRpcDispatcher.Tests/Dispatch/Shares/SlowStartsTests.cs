using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch.Shares;

/// <summary>Who starts slowly, and how far it is.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SlowStartsTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly LogCapture<ShareKeeper> _log = new();
    private readonly SlowStarts _starts;
    private readonly HashSet<string> _dead = [];

    public SlowStartsTests() => _starts = new SlowStarts(_time, null, _log);

    [Test]
    public void Whoever_is_there_when_the_daemon_starts_is_not_new_and_who_joins_then_grows_from_a_tenth_to_the_whole()
    {
        Assert.That(Observe(Slow("a"), Slow("b")), Is.Empty);
        Assert.That(Observe(Slow("a"), Slow("b"), Slow("new"))["new"], Is.EqualTo(new MemberStart(1, 1, true)));
        int[] seen = [.. Enumerable.Range(0, 30).Select(_ =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Observe(Slow("a"), Slow("b"), Slow("new"))["new"].Tenths;
        })];

        Assert.That(seen.Distinct(), Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }), "ten steps");
        Assert.That((seen[2], seen[14], seen[28], seen[29]), Is.EqualTo((1, 5, 9, 10)));
        _starts.Finish([Key("new")]);
        Assert.That(Observe(Slow("a"), Slow("b"), Slow("new")), Is.Empty);
        Assert.That((_log.Of(3103).Count, _log.Of(3104).Count), Is.EqualTo((1, 1)));
    }

    [Test]
    public void What_was_saved_does_not_say_who_is_new()
    {
        _starts.Observe([Slow("a")], isComplete: false, hasTable: true, static _ => true);

        Assert.That(Observe(Slow("a"), Slow("b")), Is.Empty);
        Assert.That(Observe(Slow("a"), Slow("b"), Slow("c")).Keys, Is.EqualTo(new[] { "c" }));
    }

    [TestCase(MemberState.Down)]
    [TestCase(MemberState.Draining)]
    public void Whoever_returns_starts_slowly_too_and_begins_anew_when_it_goes_meanwhile(MemberState state)
    {
        Observe(Slow("a"), Slow("b"));
        for (var round = 0; round < 2; round++)
        {
            Assert.That(Observe(Slow("a"), Slow("b") with { State = state }), Is.Empty);
            Assert.That(Observe(Slow("a"), Slow("b"))["b"].Tenths, Is.EqualTo(1));
            _time.Advance(Duration / 2);
            Assert.That(Observe(Slow("a"), Slow("b"))["b"].Tenths, Is.EqualTo(5));
        }
    }

    [Test]
    public void When_everybody_is_new_nobody_starts_slowly_however_they_come()
    {
        Observe();
        Assert.That(Observe(Slow("a")), Is.Empty);
        _time.Advance(Duration - TimeSpan.FromSeconds(1));
        Assert.That(Observe(Slow("a"), Slow("b")), Is.Empty);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Observe(Slow("a"), Slow("b")), Is.Empty, "nor later");
        Assert.That(Observe(Slow("a"), Slow("b"), Slow("c")).Keys, Is.EqualTo(new[] { "c" }));
    }

    [Test]
    public void Nobody_starts_slowly_beside_those_who_get_no_calls_or_stand_in_another_set_or_who_does_not_ask_for_it()
    {
        _dead.Add("a");
        var elsewhere = Members.Of("x", 2);
        Observe(Slow("a"), elsewhere);
        Assert.That(Observe(Slow("a"), elsewhere, Slow("b")), Is.Empty);

        _dead.Clear();
        Assert.That(Observe(Slow("a"), elsewhere, Slow("b"), Members.Of("c")), Is.Empty);
    }

    [Test]
    public void Time_counts_from_when_it_is_routable_and_patience_from_when_it_was_ready()
    {
        Observe(Slow("a"));
        _dead.Add("b");
        Observe(Slow("a"), Slow("b"));
        _time.Advance(SlowStarts.Patience);
        Assert.That(Observe(Slow("a"), Slow("b"))["b"], Is.EqualTo(new MemberStart(1, 1, false)));

        _time.Advance(Duration);
        _dead.Clear();
        Assert.That(Observe(Slow("a"), Slow("b"))["b"].Tenths, Is.EqualTo(1));
        _time.Advance(Duration / 2);
        Assert.That(Observe(Slow("a"), Slow("b"))["b"].Tenths, Is.EqualTo(5));
    }

    [Test]
    public void Those_that_begin_together_are_one_cohort_and_all_of_a_set_take_their_steps_together()
    {
        Observe(Slow("a"));
        Observe(Slow("a"), Slow("b"));
        _time.Advance(TimeSpan.FromSeconds(2));
        Observe(Slow("a"), Slow("b"), Slow("c"));
        _time.Advance(TimeSpan.FromSeconds(2));
        var starts = Observe(Slow("a"), Slow("b"), Slow("c"), Slow("d"));
        Assert.That(starts.OrderBy(static one => one.Key).Select(static one => (one.Key, one.Value.Cohort, one.Value.Tenths)), Is.EqualTo(new[] { ("b", 1, 2), ("c", 1, 2), ("d", 2, 1) }));

        var steps = 0;
        for (var half = 0; half < 70; half++)
        {
            _time.Advance(Duration / 60);
            var next = Observe(Slow("a"), Slow("b"), Slow("c"), Slow("d"));
            steps += next.Values.Select(static one => one.Tenths).SequenceEqual(starts.Values.Select(static one => one.Tenths)) ? 0 : 1;
            starts = next;
        }

        Assert.That((steps, starts["d"].IsOver), Is.EqualTo((17, true)).Or.EqualTo((16, true)), "at most one a second, at most ten for each cohort");
    }

    [Test]
    public void As_many_cohorts_as_there_are_numbers_for_and_the_rest_with_the_youngest()
    {
        List<Member> members = [Slow("a")];
        Observe([.. members]);
        for (var number = 1; number <= SlowStarts.MostCohorts + 5; number++)
        {
            members.Add(Slow($"n{number:00}") with { SlowStart = TimeSpan.FromSeconds(number) });
            var starts = Observe([.. members]);
            Assert.That(starts[$"n{number:00}"].Cohort, Is.EqualTo(Math.Min(number, SlowStarts.MostCohorts)).Or.AtMost(SlowStarts.MostCohorts));
        }
    }

    [Test]
    public void Without_the_table_it_has_its_whole_share_and_that_is_told()
    {
        _starts.Observe([Slow("a")], isComplete: true, hasTable: false, static _ => true);
        Assert.That(_starts.Observe([Slow("a"), Slow("b")], isComplete: true, hasTable: false, static _ => true), Is.Empty);
        Assert.That(_log.Of(3105).Single(), Does.Contain("b is to start slowly, and has its whole share at once: Kamailio has no table"));

        Assert.That(Observe(Slow("a"), Slow("b"), Slow("c")).Keys, Is.EqualTo(new[] { "c" }));
        Assert.That(_starts.Observe([Slow("a"), Slow("b"), Slow("c")], isComplete: true, hasTable: false, static _ => true), Is.Empty, "gone with a restart");
        Assert.That(_starts.AreAny, Is.False);
    }

    private static Member Slow(string name) => Members.Of(name) with { SlowStart = Duration };

    private static MemberKey Key(string name) => Slow(name).Key;

    private Dictionary<string, MemberStart> Observe(params Member[] members) =>
        _starts.Observe(members, isComplete: true, hasTable: true, member => !_dead.Contains(member.Key.Name)).ToDictionary(static one => one.Key.Name, static one => one.Value);
}
