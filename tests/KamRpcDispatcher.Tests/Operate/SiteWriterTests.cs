using System.Text;
using Etcdserverpb;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Declared;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operate.Rollouts;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>What a file declares gets into etcd as a whole, or not at all, and over nobody else's.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class SiteWriterTests : IAsyncDisposable
{
    private const string Whole = """{"sets":{"1":{"drain":["a"],"weights":{"b":50},"split":{"label":"version","shares":{"v1":95,"v2":5}}}}}""";
    private const string Nothing = """{"sets":{}}""";
    private const string Drain = """{"sets":{"1":{"drain":["a"]}}}""";

    private readonly List<TxnRequest> _transactions = [];
    private readonly List<SiteOutcome> _planned = [];
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private SiteWriter _writer = null!;

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
        _writer = new SiteWriter(_store, new EtcdKeys("c"), new FakeTimeProvider(Now));
        Put("members/1/a", """{"uri":"sip:10.0.0.1","labels":{"version":"v1"}}""");
        Put("members/1/b", """{"uri":"sip:10.0.0.2","labels":{"version":"v1"}}""");
        Put("members/1/c", """{"uri":"sip:10.0.0.3","labels":{"version":"v2"}}""");
    }

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task All_of_it_is_written_at_once_with_its_owner_and_one_entry_and_a_second_run_writes_nothing()
    {
        var outcome = await RunAsync(Whole);

        Assert.That((outcome.Result, outcome.Revision, _transactions.Count), Is.EqualTo((SiteResult.Written, (long?)_etcd.Model.Header.Revision, 1)));
        Assert.That(Value("intents/1/a"), Is.EqualTo("""{"drain":true,"by":"ops@host","at":"2026-01-31T12:00:00Z","owner":"git"}"""));
        Assert.That(Value("intents/1/b"), Is.EqualTo("""{"weight":50,"by":"ops@host","at":"2026-01-31T12:00:00Z","owner":"git"}"""));
        Assert.That(Value("splits/1"), Is.EqualTo("""{"label":"version","shares":{"v1":95,"v2":5},"by":"ops@host","at":"2026-01-31T12:00:00Z","owner":"git"}"""));
        Assert.That(_planned.Single().Changes, Is.EqualTo(new[]
        {
            new SiteChange(SiteChangeKind.Add, 1, "a", "as announced", "drained"), new SiteChange(SiteChangeKind.Add, 1, "b", "as announced", "weight 50"), new SiteChange(SiteChangeKind.Add, 1, null, "not split", "version=v1:95 v2:5"),
        }));
        var entry = (await new HistoryStore(_store, new EtcdKeys("c"), TimeProvider.System).ReadAsync(CancellationToken.None)).Entries.Single().Entry;
        Assert.That((entry.What, entry.By, entry.From, entry.To), Is.EqualTo(("apply", "ops@host", "a as announced, b as announced, set 1 not split", "a drained, b weight 50, set 1 version=v1:95 v2:5 (declared by git)")));
        Assert.That((entry.Sets, entry.Subjects), Is.EqualTo((new[] { 1 }, new[] { "a", "b" })));

        var revision = _etcd.Model.Header.Revision;
        outcome = await RunAsync(Whole);
        Assert.That((outcome.Result, outcome.Changes.Count, _etcd.Model.Header.Revision, _transactions.Count), Is.EqualTo((SiteResult.Unchanged, 0, revision, 1)));
        Assert.That(outcome.Target!.Parts.Select(static part => part.Revision), Is.EqualTo(new[] { revision, revision, revision }));
    }

    [Test]
    public async Task What_is_not_declared_any_more_stays_until_it_is_pruned_and_others_keep_theirs()
    {
        await RunAsync(Whole);
        Put("intents/1/c", """{"weight":9,"by":"ops@host","owner":"other"}""");

        var outcome = await RunAsync(Nothing);
        Assert.That((outcome.Result, outcome.Kept.Count), Is.EqualTo((SiteResult.Unchanged, 3)));
        Assert.That(outcome.Kept[0], Is.EqualTo("1/a is drained, and the file does not say all of that any more: --prune takes it back"));
        Assert.That(Value("intents/1/a"), Is.Not.Null);

        outcome = await RunAsync(Nothing, static command => command with { Prunes = true });
        Assert.That(outcome.Changes.Select(static change => (change.Kind, change.Subject)), Is.EqualTo(new[] { (SiteChangeKind.Remove, "1/a"), (SiteChangeKind.Remove, "1/b"), (SiteChangeKind.Remove, "set 1") }));
        Assert.That((Value("intents/1/a"), Value("intents/1/b"), Value("splits/1")), Is.EqualTo(((string?)null, (string?)null, (string?)null)));
        Assert.That(Value("intents/1/c"), Does.Contain("other"));
    }

    [Test]
    public async Task What_was_written_by_hand_is_refused_with_who_and_when_and_taken_over_by_force_alone()
    {
        Put("intents/1/a", """{"weight":7,"by":"alice@host","at":"2026-01-30T10:00:00Z"}""");
        var outcome = await RunAsync(Drain);
        Assert.That((outcome.Result, outcome.IsForceable, outcome.Reasons.Single()), Is.EqualTo((SiteResult.Refused, true, "1/a is weight 7, by hand, by alice@host, since 2026-01-30T10:00:00Z, and the file says drained")));
        Assert.That((_transactions.Count, _planned.Count), Is.EqualTo((0, 0)));

        outcome = await RunAsync(Drain, static command => command with { IsForced = true });
        Assert.That((outcome.Result, outcome.Changes.Single().Kind, Value("intents/1/a")), Is.EqualTo((SiteResult.Written, SiteChangeKind.Change, """{"drain":true,"by":"ops@host","at":"2026-01-31T12:00:00Z","owner":"git"}""")));
    }

    [Test]
    public async Task Many_whom_nobody_knows_are_one_warning_where_they_are_forced()
    {
        var outcome = await RunAsync("""{"sets":{"1":{"drain":["v","w","x","y"]}}}""", static command => command with { IsForced = true });

        Assert.That((outcome.Result, outcome.Warnings.Single()), Is.EqualTo((SiteResult.Written, "forced: nobody knows 4 of the members: 1/v (line 1), 1/w (line 1), 1/x (line 1), 1/y (line 1)")));
        Assert.That((await new HistoryStore(_store, new EtcdKeys("c"), TimeProvider.System).ReadAsync(CancellationToken.None)).Entries[0].Entry.From, Is.EqualTo("4 members as announced"));
    }

    [Test]
    public async Task What_says_the_same_stays_theirs_and_a_hand_takes_what_was_declared()
    {
        Put("intents/1/a", """{"drain":true,"by":"alice@host"}""");
        var outcome = await RunAsync(Drain);
        Assert.That((outcome.Result, outcome.Warnings.Single()), Is.EqualTo((SiteResult.Unchanged, "1/a is drained already, by hand, by alice@host, and stays theirs: --force takes it over")));

        await RunAsync("""{"sets":{"1":{"weights":{"b":50}}}}""");
        await new IntentWriter(_store, new EtcdKeys("c"), new FakeTimeProvider(Now)).WriteAsync(new IntentCommand(IntentWish.Drain, new MemberSelection { Names = ["b"] }, "bob@host"), CancellationToken.None);
        outcome = await RunAsync("""{"sets":{"1":{"drain":["b"],"weights":{"b":60}}}}""");
        Assert.That((outcome.Result, outcome.Reasons.Single()), Is.EqualTo((SiteResult.Refused, "1/b is drained, weight 50, by hand, by bob@host, since 2026-01-31T12:00:00Z, and the file says drained, weight 60")));
    }

    [Test]
    public async Task A_drain_by_hand_keeps_no_file_from_its_weight_and_outlasts_it()
    {
        const string Weights = """{"sets":{"1":{"weights":{"b":50}}}}""";
        var hand = new IntentWriter(_store, new EtcdKeys("c"), new FakeTimeProvider(Now));
        var drain = new IntentCommand(IntentWish.Drain, new MemberSelection { Names = ["b"] }, "bob@host");
        await RunAsync(Weights);
        var declared = Value("intents/1/b");
        await hand.WriteAsync(drain, CancellationToken.None);

        Assert.That((await RunAsync(Weights)).Result, Is.EqualTo(SiteResult.Unchanged), "the drain is no part of what is declared");
        var outcome = await RunAsync("""{"sets":{"1":{"weights":{"b":60}}}}""");
        Assert.That((outcome.Result, outcome.Changes.Single()), Is.EqualTo((SiteResult.Written, new SiteChange(SiteChangeKind.Change, 1, "b", "weight 50", "weight 60"))), string.Concat(outcome.Reasons));
        Assert.That(Value("intents/1/b"), Does.StartWith("""{"drain":true,"weight":60,"by":"bob@host",""").And.Contain("\"owner\":\"git\""));
        await RunAsync(Weights);
        await hand.WriteAsync(drain with { Wish = IntentWish.Resume }, CancellationToken.None);
        Assert.That(Value("intents/1/b"), Is.EqualTo(declared), "it is the owner's again");

        await hand.WriteAsync(drain, CancellationToken.None);
        Assert.That((await RunAsync(Nothing, static command => command with { Prunes = true })).Changes.Single().After, Is.EqualTo("as announced"));
        Assert.That(Value("intents/1/b"), Is.EqualTo("""{"drain":true,"by":"bob@host","at":"2026-01-31T12:00:00Z"}"""));
        Assert.That((await RunAsync(Weights)).Result, Is.EqualTo(SiteResult.Written), "beside the drain");
    }

    [TestCase("""{"sets":{"1":{"drain":["a","b","c"]}}}""", "set 1 would be left with no ready member")]
    [TestCase("""{"sets":{"1":{"drain":["a","b"],"split":{"label":"version","shares":{"v1":100,"v2":0}}}}}""", "set 1 would be left with no ready member")]
    [TestCase("""{"sets":{"1":{"drain":["c"],"split":{"label":"version","shares":{"v1":95,"v2":5}}}}}""", "no ready member of set 1 has version=v2, which would get 5 % of the calls")]
    public async Task What_would_lose_calls_is_refused_of_all_of_it_together(string text, string reason)
    {
        var outcome = await RunAsync(text);
        Assert.That((outcome.Result, outcome.IsForceable, _transactions.Count), Is.EqualTo((SiteResult.Refused, true, 0)));
        Assert.That(outcome.Reasons, Has.One.StartsWith(reason));

        Assert.That((await RunAsync(text, static command => command with { IsForced = true })).Warnings, Has.Some.StartsWith("forced: " + reason));
    }

    [Test]
    public async Task A_set_with_a_rollout_that_is_not_over_is_not_split_even_by_force()
    {
        Put("rollouts/1", Encoding.UTF8.GetString(RolloutRecord.Write(CanaryRollout.Of())));
        var outcome = await RunAsync(Whole, static command => command with { IsForced = true });
        Assert.That((outcome.Result, outcome.IsForceable, outcome.Reasons.Single()), Is.EqualTo((SiteResult.Refused, false, "set 1 has a rollout that is not over, which decides on its shares: wait for its end, or 'kamrpc rollout abort 1'")));
        Assert.That((await RunAsync(Drain)).Result, Is.EqualTo(SiteResult.Written), "its members are drained as ever");
    }

    [Test]
    public async Task A_set_whose_rollout_cannot_be_read_is_left_alone()
    {
        Put("rollouts/1", """{"unreadable":true}""");
        var outcome = await RunAsync(Drain, static command => command with { IsForced = true });
        Assert.That((outcome.Result, outcome.IsForceable, outcome.Reasons.Single()), Is.EqualTo((SiteResult.Refused, false, "set 1 has a rollout that cannot be read, so that nobody knows what it decides on: delete /kamrpc/c/rollouts/1 with etcdctl")));
    }

    [Test]
    public async Task Beside_a_rolling_restart_a_file_may_what_a_hand_may_and_the_drains_of_the_restart_stay()
    {
        const string Rolling = "\"drain\":true,";
        const string Weights = """{"sets":{"1":{"weights":{"a":50}}}}""";
        Put("rollouts/1", Encoding.UTF8.GetString(RolloutRecord.Write(new Rollout(1, "1f", RolloutKind.Rolling, "", "") { Phase = RolloutPhase.Running, Restart = new RollingRestart("true", 1) { Members = [new RollingMember("a", "sip:127.0.0.1", RollingStage.Drained)] } })));
        Put("intents/1/a", """{"drain":true,"by":"eve@host","reason":"kamrpc rollout rolling 1, 1f"}""");

        // By hand, and by a file.
        await new IntentWriter(_store, new EtcdKeys("c"), new FakeTimeProvider(Now)).WriteAsync(new IntentCommand(IntentWish.Weigh, new MemberSelection { Names = ["a"] }, "bob@host") { Weight = 50 }, CancellationToken.None);
        Assert.That(Value("intents/1/a"), Does.Contain(Rolling).And.Contain("\"weight\":50").And.Contain("eve@host"));
        Put("intents/1/a", """{"drain":true,"by":"eve@host","reason":"kamrpc rollout rolling 1, 1f"}""");
        var outcome = await RunAsync(Weights);
        Assert.That((outcome.Result, outcome.Changes.Single()), Is.EqualTo((SiteResult.Written, new SiteChange(SiteChangeKind.Add, 1, "a", "as announced", "weight 50"))));
        Assert.That(Value("intents/1/a"), Does.Contain(Rolling).And.Contain("\"weight\":50").And.Contain("\"owner\":\"git\"").And.Contain("eve@host").And.Contain("kamrpc rollout rolling 1, 1f"));
        Assert.That((await RunAsync(Weights)).Result, Is.EqualTo(SiteResult.Unchanged), "the drain is no part of what is declared");

        // What is not declared any more goes, and the drain stays.
        outcome = await RunAsync(Nothing, static command => command with { Prunes = true });
        Assert.That((outcome.Result, outcome.Changes.Single().After), Is.EqualTo((SiteResult.Written, "as announced")));
        Assert.That(Value("intents/1/a"), Does.Contain(Rolling).And.Not.Contain("weight").And.Not.Contain("owner"));
        Assert.That((await RunAsync(Nothing, static command => command with { Prunes = true })).Result, Is.EqualTo(SiteResult.Unchanged));

        // Who drains it himself has it drained for good, as by 'kamrpc drain'.
        outcome = await RunAsync(Drain);
        Assert.That(outcome.Result, Is.EqualTo(SiteResult.Written), string.Concat(outcome.Reasons));
        Assert.That(Value("intents/1/a"), Does.Contain(Rolling).And.Contain("ops@host").And.Not.Contain("rolling"));
    }

    [Test]
    public async Task Who_is_not_known_is_named_with_the_line()
    {
        var outcome = await RunAsync("{\"sets\":{\"1\":{\n\"drain\":[\"x\"]}}}");
        Assert.That((outcome.Result, outcome.Reasons.Single()), Is.EqualTo((SiteResult.Unknown, "line 2: there is no member 'x'; there are a, b and c")));
        Assert.That((await RunAsync("""{"sets":{"1":{"drain":["x"]}}}""", static command => command with { IsForced = true })).Result, Is.EqualTo(SiteResult.Written));
    }

    [Test]
    public async Task More_than_a_transaction_takes_is_refused_and_as_many_as_it_takes_are_written()
    {
        static string Weights(int count) => "{\"sets\":{\"2\":{\"weights\":{" + string.Join(',', Enumerable.Range(0, count).Select(static number => FormattableString.Invariant($"\"m{number}\":5"))) + "}}}}";
        var outcome = await RunAsync(Weights(101), static command => command with { IsForced = true });
        Assert.That((outcome.Result, outcome.IsForceable, _transactions.Count), Is.EqualTo((SiteResult.Refused, false, 0)));
        Assert.That(outcome.Reasons.Single(), Does.StartWith("101 records would be changed, and one transaction of etcd takes 100"));

        Assert.That((await RunAsync(Weights(100), static command => command with { IsForced = true })).Result, Is.EqualTo(SiteResult.Written));
        Assert.That((_transactions[0].Success.Count, _transactions[0].Compare.Count), Is.EqualTo((101, 101)));
    }

    [Test]
    public async Task What_has_changed_meanwhile_is_decided_anew()
    {
        _between = number =>
        {
            if (number == 1)
            {
                Put("members/1/b", """{"uri":"sip:10.0.0.2","state":"down"}""");
                Put("members/1/c", """{"uri":"sip:10.0.0.3","state":"down"}""");
            }
        };

        var outcome = await RunAsync(Drain);
        Assert.That((outcome.Result, _transactions.Count, Value("intents/1/a")), Is.EqualTo((SiteResult.Refused, 1, (string?)null)), "the last one that is ready");
    }

    [Test]
    public async Task A_dry_run_says_it_and_writes_nothing()
    {
        var outcome = await RunAsync(Whole, static command => command with { IsDryRun = true });
        Assert.That((outcome.Result, outcome.Changes.Count, _planned.Count, _transactions.Count), Is.EqualTo((SiteResult.Planned, 3, 1, 0)));
    }

    private Task<SiteOutcome> RunAsync(string text, Func<SiteCommand, SiteCommand>? with = null)
    {
        Assert.That(SiteFileReader.TryRead(Encoding.UTF8.GetBytes(text), out var file, out var errors), string.Join('\n', errors));
        var command = new SiteCommand(file!, "git", "ops@host");
        return _writer.WriteAsync(with?.Invoke(command) ?? command, _planned.Add, CancellationToken.None);
    }

    private void Put(string key, string value) => _etcd.Model.Put("/kamrpc/c/" + key, value, lease: key.StartsWith("members", StringComparison.Ordinal) ? 7 : 0);

    private string? Value(string key) => _etcd.Model.Value("/kamrpc/c/" + key);
}
