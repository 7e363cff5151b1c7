using System.Collections.Immutable;
using Etcdserverpb;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Splits;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>A split gets into etcd as it was decided, or not at all.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class SplitWriterTests : IAsyncDisposable
{
    private const string Key = "/kamrpc/c/splits/1";

    private readonly List<TxnRequest> _transactions = [];
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private SplitWriter _writer = null!;

    /// <summary>Done before a transaction is carried out, by its number.</summary>
    private Action<int> _between = static _ => { };

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.OnTransaction(transaction =>
        {
            _transactions.Add(transaction);
            _between(_transactions.Count);
        });
        _store = _etcd.Connect();
        _writer = new SplitWriter(_store, new EtcdKeys("c"), new FakeTimeProvider(Now));
        Announce("a", "v1");
        Announce("b", "v1");
        Announce("c", "v2");
    }

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task It_is_written_with_who_when_and_why_and_with_its_entry_in_the_history()
    {
        var outcome = await _writer.WriteAsync(Command(950, 50) with { Reason = "canary" }, CancellationToken.None);

        Assert.That((outcome.Result, outcome.Revision), Is.EqualTo((SplitResult.Written, (long?)_etcd.Model.Header.Revision)));
        Assert.That(_etcd.Model.Value(Key), Is.EqualTo("""{"label":"version","shares":{"v1":95,"v2":5},"by":"ops@host","at":"2026-01-31T12:00:00Z","reason":"canary"}"""));
        Assert.That(outcome.Shares, Is.EqualTo(new[] { new SplitShare("version", "v1", null, 950, 2, 973), new SplitShare("version", "v2", null, 50, 1, 51) }));
        var entry = (await new HistoryStore(_store, new EtcdKeys("c"), TimeProvider.System).ReadAsync(CancellationToken.None)).Entries.Single().Entry;
        Assert.That((entry.What, entry.By, entry.From, entry.To, entry.Reason, entry.Sets.Single()), Is.EqualTo(("split", "ops@host", "not split", "version=v1:95 v2:5", "canary", 1)));
    }

    [Test]
    public async Task As_it_is_already_it_is_left_and_its_end_deletes_it()
    {
        var written = await _writer.WriteAsync(Command(950, 50), CancellationToken.None);
        var again = await _writer.WriteAsync(Command(950, 50), CancellationToken.None);
        Assert.That((again.Result, again.Revision, _transactions.Count), Is.EqualTo((SplitResult.Unchanged, written.Revision, 1)));

        var ended = await _writer.WriteAsync(new SplitCommand(1, null, "ops@host"), CancellationToken.None);
        Assert.That((ended.Result, ended.Before!.Label, _etcd.Model.Value(Key)), Is.EqualTo((SplitResult.Written, "version", (string?)null)));
    }

    [Test]
    public async Task Another_operator_s_split_is_not_overwritten_unseen()
    {
        _between = number =>
        {
            if (number == 1)
            {
                _etcd.Model.Put(Key, """{"label":"version","shares":{"v1":50,"v2":50},"by":"other@host"}""");
            }
        };

        var outcome = await _writer.WriteAsync(Command(950, 50), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Before!.By, _transactions.Count), Is.EqualTo((SplitResult.Written, "other@host", 2)));
    }

    [Test]
    public async Task One_by_which_nobody_who_is_ready_has_a_share_is_said_to_be_for_nobody()
    {
        Assert.That((await _writer.WriteAsync(Command(950, 50), CancellationToken.None)).IsForNobody, Is.False);
        _etcd.Model.Put("/kamrpc/c/intents/1/c", """{"drain":true}""");
        Assert.That((await _writer.WriteAsync(Command(10, 990) with { IsForced = true }, CancellationToken.None)).IsForNobody, Is.False, "some of them");
        Assert.That((await _writer.WriteAsync(Command(0, 1000) with { IsForced = true }, CancellationToken.None)).IsForNobody, Is.True);
        Assert.That((await _writer.WriteAsync(new SplitCommand(1, null, "ops@host"), CancellationToken.None)).IsForNobody, Is.False);
    }

    [Test]
    public async Task One_that_cannot_be_read_is_said_to_stay_where_it_does()
    {
        _etcd.Model.Put(Key, """{"label":"vers""");

        _etcd.Model.Put("/kamrpc/c/intents/1/c", """{"drain":true}""");
        var refused = await _writer.WriteAsync(Command(950, 50), CancellationToken.None);
        Assert.That((refused.Result, _etcd.Model.Value(Key)), Is.EqualTo((SplitResult.Refused, """{"label":"vers""")));
        Assert.That(refused.Warnings.Single(), Does.StartWith("the split of set 1 could not be read (").And.EndWith("), and stays as it is"));

        _etcd.Model.Delete("/kamrpc/c/intents/1/c");
        var written = await _writer.WriteAsync(Command(950, 50), CancellationToken.None);
        Assert.That(written.Warnings.Single(), Does.StartWith("the split of set 1 could not be read (").And.EndWith("), and is replaced"));
    }

    [Test]
    public async Task A_member_that_is_counted_on_and_drains_meanwhile_is_seen()
    {
        _between = number =>
        {
            if (number == 1)
            {
                _etcd.Model.Put("/kamrpc/c/intents/1/c", """{"drain":true}""");
            }
        };

        var outcome = await _writer.WriteAsync(Command(950, 50), CancellationToken.None);

        Assert.That((outcome.Result, _etcd.Model.Value(Key)), Is.EqualTo((SplitResult.Refused, (string?)null)));
        Assert.That(outcome.Reasons.Single(), Is.EqualTo("no ready member of set 1 has version=v2, which would get 5 % of the calls"));
    }

    [TestCase("""{"id":"x","kind":"rolling","phase":"running","since":"2026-01-31T12:00:00Z","restart":{"exec":"true","batch":1,"members":[{"name":"a","uri":"sip:10.0.0.1","stage":"drained"}]}}""", SplitResult.Written)]
    [TestCase("""{"id":"x","kind":"canary","phase":"running","since":"2026-01-31T12:00:00Z","label":"version","to":"v2","others":{"v1":100},"steps":[5,100],"step":0}""", SplitResult.Refused)]
    [TestCase("""{"id":"x","kind":"canary","phase":"paused","since":"2026-01-31T12:00:00Z","label":"version","to":"v2","others":{"v1":100},"steps":[5,100],"step":0}""", SplitResult.Written)]
    public async Task A_rollout_that_shares_calls_keeps_others_from_it_and_one_that_restarts_members_does_not(string rollout, SplitResult expected)
    {
        _etcd.Model.Put("/kamrpc/c/rollouts/1", rollout);

        Assert.That((await _writer.WriteAsync(Command(950, 50), CancellationToken.None)).Result, Is.EqualTo(expected));
    }

    [Test]
    public async Task A_rollout_that_cannot_be_read_keeps_others_from_it_as_from_a_file_unless_it_is_forced()
    {
        _etcd.Model.Put("/kamrpc/c/rollouts/1", "garbage");

        var outcome = await _writer.WriteAsync(Command(950, 50), CancellationToken.None);

        Assert.That((outcome.Result, _etcd.Model.Value(Key)), Is.EqualTo((SplitResult.Refused, (string?)null)));
        Assert.That(outcome.Reasons.Single(), Is.EqualTo("set 1 has a rollout that cannot be read, so that nobody knows what it decides on: delete /kamrpc/c/rollouts/1 with etcdctl"));
        Assert.That((await _writer.WriteAsync(Command(950, 50) with { IsForced = true }, CancellationToken.None)).Result, Is.EqualTo(SplitResult.Written));
    }

    [Test]
    public async Task A_condition_of_the_caller_s_that_does_not_hold_keeps_it_from_being_written()
    {
        var revision = _etcd.Model.Put("/kamrpc/c/other", "x");
        Compare[] conditions = [new Compare { Key = Google.Protobuf.ByteString.CopyFromUtf8("/kamrpc/c/other"), Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Equal, ModRevision = revision - 1 }];

        var outcome = await _writer.WriteAsync(Command(950, 50), conditions, [], CancellationToken.None);

        Assert.That((outcome.Result, _etcd.Model.Value(Key)), Is.EqualTo((SplitResult.KeepsChanging, (string?)null)));
    }

    [Test]
    public async Task A_Kamailio_without_the_table_is_named_with_what_it_needs_unless_it_is_forced()
    {
        Report(""","splits":{"revision":1,"table":false}""", "\"members\",\"intents\",\"splits\"");

        var outcome = await _writer.WriteAsync(Command(950, 50), CancellationToken.None);

        Assert.That((outcome.Result, _etcd.Model.Value(Key)), Is.EqualTo((SplitResult.Refused, (string?)null)));
        Assert.That(outcome.Reasons.Single(), Does.StartWith("the Kamailio of proxy p1 has no table for shares; ").And.Contain("kamrpc_shares=>size=8;"));
        Assert.That((await _writer.WriteAsync(Command(950, 50) with { IsForced = true }, CancellationToken.None)).Result, Is.EqualTo(SplitResult.Written));
    }

    [TestCase(1900, SplitResult.Refused, Description = "three copies of 300 bytes, and the reserve of 1,000, beside 900")]
    [TestCase(2800, SplitResult.Written)]
    [TestCase(0, SplitResult.Written, Description = "any number")]
    public async Task Classes_that_would_not_fit_into_what_a_proxy_can_list_are_refused_with_what_to_open(int most, SplitResult result)
    {
        Report($$""","identity":{"machine":"m","host":"h","kamailio":"jsonrpc+udp://127.0.0.1:8090"},"list":{"destinations":3,"bytes":900{{(most > 0 ? $",\"most\":{most}" : string.Empty)}}}""", "\"members\",\"intents\",\"splits\"");

        var outcome = await _writer.WriteAsync(Command(950, 50), CancellationToken.None);

        Assert.That(outcome.Result, Is.EqualTo(result), string.Join('\n', outcome.Reasons));
        if (result == SplitResult.Refused)
        {
            Assert.That(outcome.Reasons.Single(), Does.StartWith("the classes of set 1 would not fit into Kamailio's list on proxy p1: 3 more destinations take about 900 bytes beside the 900 of the 3 that are there, and jsonrpc+udp://127.0.0.1:8090 carries 1900. Open the FIFO"));
            return;
        }

        // The next step takes no further class.
        Report(""","list":{"destinations":6,"bytes":1800,"most":1900}""", "\"members\",\"intents\",\"splits\"");
        Assert.That((await _writer.WriteAsync(Command(500, 500), CancellationToken.None)).Result, Is.EqualTo(SplitResult.Written));
    }

    [Test]
    public async Task A_proxy_that_follows_no_splits_is_told()
    {
        Report(string.Empty, "\"members\",\"intents\"");

        var outcome = await _writer.WriteAsync(Command(950, 50) with { IsDryRun = true }, CancellationToken.None);

        Assert.That((outcome.Result, _transactions.Count), Is.EqualTo((SplitResult.Planned, 0)));
        Assert.That(outcome.Warnings.Single(), Does.StartWith("proxy p1 follows no splits"));
    }

    [Test]
    public async Task What_would_leave_too_few_with_a_share_is_refused()
    {
        var outcome = await _writer.WriteAsync(Command(0, 1000) with { MinReady = Min("2") }, CancellationToken.None);

        Assert.That(outcome.Result, Is.EqualTo(SplitResult.Refused));
        Assert.That(outcome.Reasons.Single(), Does.Contain("set 1 would be left with 1 ready member").And.Contain("--min-ready 2"));
    }

    [Test]
    public async Task Values_and_sets_that_nobody_has_are_told_with_what_is_there()
    {
        var value = await _writer.WriteAsync(new SplitCommand(1, Split(1, ("v1", 900), ("v3", 100)), "ops@host"), CancellationToken.None);
        Assert.That((value.Result, value.Reasons.Single()), Is.EqualTo((SplitResult.Unknown, "no member in set 1 has the label version=v3; version is v1 or v2 there")));

        var set = await _writer.WriteAsync(new SplitCommand(7, Split(7, ("v1", 900), ("v2", 100)), "ops@host"), CancellationToken.None);
        Assert.That((set.Result, set.Reasons[0]), Is.EqualTo((SplitResult.Unknown, "nobody is in set 7; somebody is in 1")));
        Assert.That(_transactions, Is.Empty);
    }

    private static SplitCommand Command(int first, int second) => new(1, Split(1, ("v1", first), ("v2", second)), "ops@host");

    private static Split Split(int set, params (string Value, int Share)[] shares) =>
        new(set, "version", shares.ToImmutableSortedDictionary(static share => share.Value, static share => share.Share, StringComparer.Ordinal));

    private static KamRpcDispatcher.Operate.MinReady Min(string text) =>
        KamRpcDispatcher.Operate.MinReady.TryParse(text, out var least, out var error) ? least : throw new FormatException(error);

    private void Announce(string name, string version) =>
        _etcd.Model.Put("/kamrpc/c/members/1/" + name, $$$"""{"uri":"sip:10.0.0.{{{(int)name[0]}}}","labels":{"version":"{{{version}}}"}}""", lease: 7);

    private void Report(string more, string applies) => _etcd.Model.Put(
        "/kamrpc/c/proxies/p1",
        $$$"""{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","writtenAt":"2026-01-31T12:00:00Z","kamailio":"5.6","drift":0,"sets":{"1":{"destinations":3,"routable":3}},"applies":[{{{applies}}}],"intents":{"revision":1,"silenced":1}{{{more}}}}""",
        lease: 7);
}
