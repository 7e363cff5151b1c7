using System.Text;
using Etcdserverpb;
using Grpc.Core;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Sources.Records;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>An operator's wish gets into etcd as it was decided, or not at all.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class IntentWriterTests : IAsyncDisposable
{
    private const string Members = "/kamrpc/c/members/";
    private const string Intents = "/kamrpc/c/intents/";

    private readonly List<TxnRequest> _transactions = [];
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private IntentWriter _writer = null!;

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
        Connect(_etcd.Endpoint);
        Announce("1/a", "10.0.0.1");
        Announce("1/b", "10.0.0.2");
    }

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task A_drain_is_written_with_who_when_and_why()
    {
        var outcome = await _writer.WriteAsync(Drain("a") with { Reason = "kernel update" }, CancellationToken.None);

        Assert.That(outcome.Result, Is.EqualTo(IntentResult.Written));
        Assert.That(outcome.Changed.Select(static change => (change.Key.ToString(), change.Was)), Is.EqualTo(new[] { ("1/a", MemberBefore.Ready) }));
        Assert.That(outcome.Revision, Is.EqualTo(_etcd.Model.Header.Revision));
        Assert.That(Stored("1/a"), Is.EqualTo(new Intent(Key("1/a")) { IsDrained = true, By = "ops@host", At = Now, Reason = "kernel update" }));
        Assert.That(_etcd.Model.Value(Intents + "1/b"), Is.Null);
    }

    [Test]
    public async Task Who_is_drained_already_is_left_so_and_told_with_the_revision_of_that()
    {
        var revision = _etcd.Model.Put(Intents + "1/a", """{"drain":true,"by":"somebody"}""");

        var outcome = await _writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count, outcome.Revision, _transactions.Count), Is.EqualTo((IntentResult.Written, 0, (long?)revision, 0)));
        Assert.That(outcome.Unchanged.Single(), Is.EqualTo(new IntentChange(Key("1/a"), MemberBefore.Drained, revision)));
    }

    [Test]
    public async Task The_drain_of_a_rolling_restart_becomes_that_of_the_operator_who_wishes_it_to_stay()
    {
        _etcd.Model.Put(Intents + "1/a", """{"drain":true,"weight":20,"by":"runner@host","reason":"kamrpc rollout rolling 1, 1f: new disks"}""");

        var outcome = await _writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count), Is.EqualTo((IntentResult.Written, 1)));
        Assert.That(_etcd.Model.Value(Intents + "1/a"), Does.Contain("\"drain\":true").And.Contain("\"weight\":20").And.Not.Contain("rolling").And.Not.Contain("runner"));
    }

    [Test]
    public async Task What_else_is_wished_of_a_member_stays_and_a_record_that_says_nothing_more_goes()
    {
        _etcd.Model.Put(Intents + "1/a", """{"weight":30,"by":"somebody"}""");
        await _writer.WriteAsync(Drain("a"), CancellationToken.None);
        Assert.That(Stored("1/a"), Is.EqualTo(new Intent(Key("1/a")) { IsDrained = true, Weight = 30, By = "ops@host", At = Now }));

        var resumed = await _writer.WriteAsync(Resume("a"), CancellationToken.None);
        Assert.That(resumed.Changed.Single().Was, Is.EqualTo(MemberBefore.Drained));
        Assert.That(Stored("1/a"), Is.EqualTo(new Intent(Key("1/a")) { Weight = 30, By = "ops@host", At = Now }));

        await _writer.WriteAsync(Drain("b"), CancellationToken.None);
        var gone = await _writer.WriteAsync(Resume("b"), CancellationToken.None);
        Assert.That((gone.Result, gone.Revision, _etcd.Model.Value(Intents + "1/b")), Is.EqualTo((IntentResult.Written, (long?)_etcd.Model.Header.Revision, (string?)null)));
    }

    [Test]
    public async Task To_resume_whom_nobody_has_drained_writes_nothing_and_there_is_nothing_to_wait_for()
    {
        var outcome = await _writer.WriteAsync(Resume("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count, outcome.Unchanged.Count, outcome.Revision, _transactions.Count), Is.EqualTo((IntentResult.Written, 0, 1, (long?)null, 0)));
    }

    [Test]
    public async Task Who_has_left_is_resumed_by_the_name_in_its_intent()
    {
        await _writer.WriteAsync(Drain("a"), CancellationToken.None);
        _etcd.Model.Delete(Members + "1/a");

        var outcome = await _writer.WriteAsync(Resume("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count, _etcd.Model.Value(Intents + "1/a")), Is.EqualTo((IntentResult.Written, 1, (string?)null)));
    }

    [TestCase(IntentWish.Drain, "replaced")]
    [TestCase(IntentWish.Resume, "deleted")]
    public async Task An_intent_that_cannot_be_read_is_replaced_and_that_is_said(IntentWish wish, string what)
    {
        _etcd.Model.Put(Intents + "1/a", """{"drain":"maybe"}""");

        var outcome = await _writer.WriteAsync(Command(wish, "a"), CancellationToken.None);

        Assert.That(outcome.Warnings, Is.EqualTo(new[] { $"the intent of 1/a could not be read (drain: neither true nor false), and was {what}" }));
        Assert.That(_etcd.Model.Value(Intents + "1/a") is not null, Is.EqualTo(wish == IntentWish.Drain));
    }

    [Test]
    public async Task Nobody_known_nothing_written()
    {
        var outcome = await _writer.WriteAsync(Drain("a", "nobody"), CancellationToken.None);

        Assert.That((outcome.Result, _transactions.Count, _writer.IsInDoubt, _writer.Written), Is.EqualTo((IntentResult.Unknown, 0, false, 0)));
        Assert.That(outcome.Reasons, Is.EqualTo(new[] { "there is no member 'nobody'; there are a and b" }));
    }

    [Test]
    public async Task Too_few_left_nothing_written_unless_it_is_forced()
    {
        var refused = await _writer.WriteAsync(Drain("a", "b"), CancellationToken.None);
        Assert.That((refused.Result, _transactions.Count), Is.EqualTo((IntentResult.BelowFloor, 0)));

        var forced = await _writer.WriteAsync(Drain("a", "b") with { IsForced = true }, CancellationToken.None);
        Assert.That((forced.Result, forced.Changed.Count), Is.EqualTo((IntentResult.Written, 2)));
    }

    [Test]
    public async Task What_has_changed_meanwhile_and_leaves_enough_is_decided_anew_and_written()
    {
        _between = number => _ = number == 1 ? Announce("1/c", "10.0.0.3") : 0;

        var outcome = await _writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, _transactions.Count), Is.EqualTo((IntentResult.Written, 2)));
    }

    /// <summary>Each is who would have been left.</summary>
    [TestCase("goes down")]
    [TestCase("withdraws")]
    [TestCase("is drained by another operator")]
    public async Task Two_that_go_at_once_do_not_leave_a_set_with_nobody(string what)
    {
        _between = number => _ = number > 1 ? 0 : what switch
        {
            "goes down" => _etcd.Model.Put(Members + "1/b", """{"uri":"sip:10.0.0.2","state":"down"}"""),
            "withdraws" => _etcd.Model.Delete(Members + "1/b"),
            _ => _etcd.Model.Put(Intents + "1/b", """{"drain":true}"""),
        };

        var outcome = await _writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, _etcd.Model.Value(Intents + "1/a")), Is.EqualTo((IntentResult.BelowFloor, (string?)null)));
        Assert.That(outcome.Reasons, Has.One.StartsWith("set 1 would be left with no ready member"));
    }

    [Test]
    public async Task What_another_operator_has_written_meanwhile_is_not_overwritten()
    {
        _between = number => _ = number == 1 ? _etcd.Model.Put(Intents + "1/a", """{"drain":true,"by":"other@host"}""") : 0;

        var outcome = await _writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count, Stored("1/a").By), Is.EqualTo((IntentResult.Written, 0, "other@host")));
        Assert.That(outcome.Unchanged.Single().Was, Is.EqualTo(MemberBefore.Drained));
    }

    [Test]
    public async Task A_cluster_that_keeps_changing_is_given_up()
    {
        _between = number => Announce("1/x", $"10.0.1.{number}");

        var outcome = await _writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, _transactions.Count, _etcd.Model.Value(Intents + "1/a")), Is.EqualTo((IntentResult.KeepsChanging, IntentWriter.MostTries, (string?)null)));
        Assert.That(outcome.Reasons, Has.One.Contains("keeps changing"));
    }

    [Test]
    public async Task What_changes_in_another_set_is_nobodys_business_and_what_is_forced_or_resumed_rests_on_nobody()
    {
        _between = number => Announce("2/x", $"10.0.1.{number}");
        await _writer.WriteAsync(Drain("a"), CancellationToken.None);
        _between = number => Announce("1/x", $"10.0.1.{number}");
        await _writer.WriteAsync(Drain("b") with { IsForced = true }, CancellationToken.None);
        await _writer.WriteAsync(Resume("a", "b"), CancellationToken.None);

        Assert.That(_transactions, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task Very_many_are_written_in_several_transactions_each_as_large_as_etcd_takes_it()
    {
        for (var number = 0; number < 250; number++)
        {
            Announce($"{3 + (number % 20)}/m{number}", $"10.1.{number / 100}.{number % 100}");
        }

        var outcome = await _writer.WriteAsync(Drain([.. Enumerable.Range(0, 230).Select(static number => $"m{number}")]), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count), Is.EqualTo((IntentResult.Written, 230)), string.Join('\n', outcome.Reasons));
        Assert.That(_transactions, Has.Count.InRange(3, 5));
        Assert.That(_transactions.Select(static transaction => Math.Max(transaction.Compare.Count, transaction.Success.Count)), Has.All.LessThanOrEqualTo(128));
        Assert.That(outcome.Revision, Is.EqualTo(_etcd.Model.Header.Revision), "the last one");
    }

    [Test]
    public async Task What_was_written_without_an_answer_is_taken_for_ours()
    {
        // Two ways to one server, of which the first one breaks when it has done its work.
        Connect($"{_etcd.Endpoint},{_etcd.Endpoint.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}");
        _between = number =>
        {
            if (number == 1)
            {
                _etcd.Model.Answer(_transactions[0]);
                throw new RpcException(new Status(StatusCode.Unavailable, "the connection broke"));
            }
        };

        var outcome = await _writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That(outcome.Changed.Select(static change => (change.Key.ToString(), change.Was)), Is.EqualTo(new[] { ("1/a", MemberBefore.Ready) }));
    }

    [Test]
    public async Task A_deletion_without_an_answer_has_no_revision_that_somebody_could_wait_for()
    {
        _etcd.Model.Put(Intents + "1/a", """{"drain":true,"by":"ops@host"}""");
        Connect($"{_etcd.Endpoint},{_etcd.Endpoint.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}");
        _between = number =>
        {
            if (number == 1)
            {
                _etcd.Model.Answer(_transactions[0]);
                _etcd.Model.Put("/kamrpc/c/proxies/p1", "{}");
                throw new RpcException(new Status(StatusCode.Unavailable, "the connection broke"));
            }
        };

        var outcome = await _writer.WriteAsync(Resume("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.IsUntraced, outcome.Revision), Is.EqualTo((IntentResult.Written, true, (long?)null)));
        Assert.That(outcome.Changed.Select(static change => (change.Key.ToString(), change.Was)), Is.EqualTo(new[] { ("1/a", MemberBefore.Drained) }));
    }

    [Test]
    public async Task A_refusal_of_etcds_is_told()
    {
        _between = static _ => throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"));

        var refused = await Assert.ThrowsAsync<EtcdUnreachableException>(() => _writer.WriteAsync(Drain("a"), CancellationToken.None));

        Assert.That(refused!.Message, Does.Contain("refuses (permission denied"));
        Assert.That((_writer.IsInDoubt, _writer.Written), Is.EqualTo((false, 0)), "nothing is written, and that is known");
    }

    private static IntentCommand Drain(params string[] names) => Command(IntentWish.Drain, names);

    private static IntentCommand Resume(params string[] names) => Command(IntentWish.Resume, names);

    private static IntentCommand Command(IntentWish wish, params string[] names) => new(wish, new MemberSelection { Names = names }, "ops@host");

    private void Connect(string endpoints)
    {
        Assert.That(EtcdEndpoints.TryParse(endpoints, out var parsed, out var error), error);
        _store?.Dispose();
        _store = new EtcdConnection(parsed!, TimeProvider.System);
        _writer = new IntentWriter(_store, new EtcdKeys("c"), new FakeTimeProvider(Now));
    }

    private long Announce(string member, string address) => _etcd.Model.Put(Members + member, $"{{\"uri\":\"sip:{address}\"}}", lease: 7);

    private Intent Stored(string member) =>
        IntentRecord.TryRead(Key(member), Encoding.UTF8.GetBytes(_etcd.Model.Value(Intents + member)!), out var intent, out var error) ? intent : throw new FormatException(error);
}
