using System.Collections.Immutable;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Shares;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operators;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch.Shares;

/// <summary>What is said of calls is what was counted in the time that is named with it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CallCounterTests
{
    private const int First = ClassSets.Base + 1;

    private static readonly Member[] Fleet = [Labelled("a", "v1"), Labelled("b", "v1"), Labelled("c", "v2")];

    private readonly FakeCounts _table = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch);
    private readonly LogCapture<CallCounter> _log = new();
    private readonly CallCounter _counter;

    public CallCounterTests() => _counter = new CallCounter(_table, ShareWay.Map, _time, _log);

    [Test]
    public async Task Calls_are_those_since_the_first_reading_of_a_class_by_whichever_way_they_came()
    {
        Follow();
        _table.Counts[Key(First, "a")] = 1000;
        await ReadAsync();
        Assert.That(_counter.Report.Classes, Is.EqualTo(new[] { new SharedClass(1, "v1", 950), new SharedClass(1, "v2", 50) }), "of calls before nobody knows since when they are");

        _table.Counts[Key(First, "a")] += 60;
        _table.Counts[Key(First, "b")] = 30;
        _table.Counts[Key(First + 1, "c")] = 9;
        _table.Counts[Key(0, "c")] = 1;
        _table.Counts[new CountKey(1, 0, "sip:192.0.2.1")] = 5;
        await ReadAsync();

        var (since, until) = (DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch + CallCounter.Interval);
        Assert.That(_counter.Report.Classes, Is.EqualTo(new[]
        {
            new SharedClass(1, "v1", 950) { Calls = 90, Since = since, Until = until },
            new SharedClass(1, "v2", 50) { Calls = 10, Since = since, Until = until },
            new SharedClass(1, string.Empty, 0) { Calls = 5, Since = since, Until = until },
        }));
        Assert.That(_counter.Report.Members, Is.EqualTo(new[] { new CountedMember(1, "a", "v1", 60), new CountedMember(1, "b", "v1", 30), new CountedMember(1, "c", "v2", 10) }));
        Assert.That(_counter.Report.IsCounted, Is.True);
    }

    [Test]
    public async Task They_are_of_the_last_minutes_and_a_count_that_was_forgotten_begins_anew()
    {
        Follow();
        await ReadAsync();
        for (var reading = 0; reading < 100; reading++)
        {
            // Forgotten once, for lack of calls.
            _table.Counts[Key(First, "a")] = reading == 95 ? 1 : _table.Counts.GetValueOrDefault(Key(First, "a")) + 1;
            await ReadAsync();
        }

        var told = _counter.Report.Classes[0];
        Assert.That((told.Until - told.Since, told.Calls), Is.EqualTo(((TimeSpan?)CallCounter.Window, (long?)30)));
    }

    [Test]
    public async Task What_is_wished_is_told_as_it_is_now_and_counts_only_with_what_they_were_counted_by()
    {
        Follow();
        await ReadAsync();
        await ReadAsync();
        Follow(canary: 50);
        Assert.That(_counter.Report.Classes.Select(static one => (one.Wanted, one.Calls)), Is.EqualTo(new[] { (500, (long?)null), (500, null) }), "between two readings");

        _counter.Follow(CycleShares.None, Table(1));
        Assert.That((_counter.Report.Classes.Length, _counter.Report.Members.Length), Is.EqualTo((0, 0)), "the split has gone");
    }

    [TestCase(false, 0L, TestName = "Another_map_is_another_time")]
    [TestCase(true, 0L, TestName = "A_Kamailio_that_was_started_anew_counts_from_nothing")]
    public async Task Time(bool isRestart, long calls)
    {
        Follow();
        await ReadAsync();
        _table.Counts[Key(First, "a")] = 50;
        await ReadAsync();

        Follow(start: isRestart ? 2 : 1, canary: isRestart ? 5 : 50);
        await ReadAsync();
        Assert.That(_counter.Report.Classes[0].Calls, Is.Null, "one reading");
        await ReadAsync();
        Assert.That(_counter.Report.Classes[0].Calls, Is.EqualTo(calls));
    }

    [Test]
    public async Task A_map_that_was_another_one_between_two_readings_begins_anew()
    {
        Follow();
        await ReadAsync();
        await ReadAsync();
        Assert.That(_counter.Report.Classes[0].Calls, Is.Zero, "it is counted");

        Follow(canary: 50);
        _table.Counts[Key(First + 1, "c")] = 40;
        Follow();
        Assert.That(_counter.Report.Classes.Select(static one => (one.Wanted, one.Calls)), Is.EqualTo(new[] { (950, (long?)null), (50, null) }), "what was counted before is of another time");
        await ReadAsync();
        Assert.That(_counter.Report.Classes[1].Calls, Is.Null, "one reading");
        _table.Counts[Key(First + 1, "c")] += 2;
        await ReadAsync();
        Assert.That(_counter.Report.Classes[1].Calls, Is.EqualTo(2), "without those of the other map");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Calls_are_counted_for_a_map_from_when_Kamailio_has_it(bool isWritten)
    {
        Follow(isOwed: isWritten, isWaiting: !isWritten);
        await ReadAsync();
        _table.Counts[Key(First + 1, "c")] = 40;
        Follow(isOwed: isWritten, isWaiting: !isWritten);
        await ReadAsync();
        Assert.That(_counter.Report.Classes[1].Calls, Is.Null, "the map of before is in force");

        Follow();
        _table.Counts[Key(First + 1, "c")] += 30;
        await ReadAsync();
        Follow();
        _table.Counts[Key(First + 1, "c")] += 3;
        await ReadAsync();
        Assert.That(_counter.Report.Classes[1].Calls, Is.EqualTo(3));
    }

    [Test]
    public async Task Without_the_table_shares_are_told_as_not_counted_once_until_Kamailio_is_started_anew()
    {
        _table.IsMissing = true;
        Follow();
        await ReadAsync();
        await ReadAsync();

        Assert.That((_counter.Report.IsCounted, _counter.Report.Classes.Length, _table.Reads, _log.Of(3109).Count), Is.EqualTo(((bool?)false, 2, 1, 1)));
        _table.IsMissing = false;
        Follow(start: 2);
        await ReadAsync();
        Assert.That(_counter.Report.IsCounted, Is.True);
    }

    [Test]
    public async Task Of_sets_that_are_not_shared_nothing_is_read()
    {
        _counter.Follow(CycleShares.None, Table(1));
        await ReadAsync();

        Assert.That((_table.Reads, _counter.Report.Classes.Length), Is.EqualTo((0, 0)));
        Assert.That((_counter.Report.Way, _counter.Report.IsCounted), Is.EqualTo(("map", (bool?)null)));
    }

    private static Member Labelled(string name, string version) => Members.Of(name) with { Labels = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("version", version)]) };

    private static CountKey Key(int classSet, string name) => new(1, classSet, Members.Of(name).Uri.Text);

    private static DispatcherTable Table(int start) => new(KamailioVersion.Read("kamailio 5.6.3 (x86_64/linux) "), new KamailioInstance($"start {start}", string.Empty),
    [
        .. Fleet.Select(static member => Listed(1, member.Uri.Text)),
        Listed(1, "sip:192.0.2.1"),
        .. Fleet.Select(static member => Listed(member.Labels["version"] == "v1" ? First : First + 1, member.Uri.Text)),
    ]);

    private static ListedDestination Listed(int set, string uri) => new(set, uri, ListedState.Active, true, 0, "kamrpc=c");

    private void Follow(int start = 1, int canary = 5, bool isOwed = false, bool isWaiting = false)
    {
        var numbers = new Dictionary<string, int> { ["v1"] = 1, ["v2"] = 2 };
        var table = Table(start);
        var routable = table.Destinations.Select(static entry => new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri))).ToHashSet();
        var shares = SetShares.Of(1, Fleet, FakeShares.Split(1, ("v1", 100 - canary), ("v2", canary)), numbers, routable, previous: null);
        var maps = isOwed ? ImmutableDictionary<int, ShareMap?>.Empty.Add(1, shares.Map) : ImmutableDictionary<int, ShareMap?>.Empty;
        _counter.Follow(new CycleShares([shares], maps) { Waiting = isWaiting ? [1] : [] }, table);
    }

    /// <summary>Reads, at the time that has come since the last reading.</summary>
    private async Task ReadAsync()
    {
        await _counter.CountAsync(CancellationToken.None);
        _time.Advance(CallCounter.Interval);
    }

    private sealed class FakeCounts : ICallTable
    {
        public Dictionary<CountKey, long> Counts { get; } = [];

        public bool IsMissing { get; set; }

        public int Reads { get; private set; }

        public Task<ListedCount> ReadAsync(CountKey key, CancellationToken cancellationToken)
        {
            Reads++;
            return Task.FromResult(new ListedCount(!IsMissing, Counts.GetValueOrDefault(key)));
        }
    }
}
