using Etcdserverpb;
using Grpc.Core;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Operate;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>An operator's wish gets into etcd as it was decided, or not at all.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class IntentWriterTests : IntentWriterFixture
{
    [Test]
    public async Task A_drain_is_written_with_who_when_and_why()
    {
        var outcome = await Writer.WriteAsync(Drain("a") with { Reason = "kernel update" }, CancellationToken.None);

        Assert.That(outcome.Result, Is.EqualTo(IntentResult.Written));
        Assert.That(outcome.Changed.Select(static change => (change.Key.ToString(), change.Was)), Is.EqualTo(new[] { ("1/a", MemberBefore.Ready) }));
        Assert.That(outcome.Revision, Is.EqualTo(Etcd.Model.Header.Revision));
        Assert.That(Stored("1/a"), Is.EqualTo(new Intent(Key("1/a")) { IsDrained = true, By = "ops@host", At = Now, Reason = "kernel update" }));
        Assert.That(Etcd.Model.Value(Intents + "1/b"), Is.Null);
    }

    [Test]
    public async Task Who_drains_everybody_of_a_value_that_has_a_share_is_told_so()
    {
        Etcd.Model.Put("/kamrpc/c/splits/1", """{"label":"version","shares":{"v1":95,"v2":5}}""");
        foreach (var (name, version) in new[] { ("a", "v1"), ("b", "v1"), ("c", "v2"), ("d", "v2") })
        {
            Etcd.Model.Put(Members + "1/" + name, $$$"""{"uri":"sip:{{{name}}}.example.org","labels":{"version":"{{{version}}}"}}""", lease: 7);
        }

        Assert.That((await Writer.WriteAsync(Drain("c"), CancellationToken.None)).Warnings, Is.Empty, "d is left");
        var outcome = await Writer.WriteAsync(Drain("d"), CancellationToken.None);
        Assert.That((outcome.Result, outcome.Warnings.Single()), Is.EqualTo((IntentResult.Written, "nobody ready of set 1 has version=v2 then, which has 5 % of the calls by its split: these go to the others")));
    }

    [Test]
    public async Task A_drain_needs_no_right_to_read_splits()
    {
        Etcd.Before = static (request, _) => request is RangeRequest { Key: var key } && key.ToStringUtf8().StartsWith("/kamrpc/c/splits/", StringComparison.Ordinal)
            ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"))
            : Task.CompletedTask;

        Assert.That((await Writer.WriteAsync(Drain("a"), CancellationToken.None)).Result, Is.EqualTo(IntentResult.Written));
    }

    [Test]
    public async Task What_else_is_wished_of_a_member_stays_and_a_record_that_says_nothing_more_goes()
    {
        Etcd.Model.Put(Intents + "1/a", """{"weight":30,"by":"somebody"}""");
        await Writer.WriteAsync(Drain("a"), CancellationToken.None);
        Assert.That(Stored("1/a"), Is.EqualTo(new Intent(Key("1/a")) { IsDrained = true, Weight = 30, By = "ops@host", At = Now, Weighed = new WeightOrigin("somebody", null, null, null) }));

        var resumed = await Writer.WriteAsync(Resume("a"), CancellationToken.None);
        Assert.That(resumed.Changed.Single().Was, Is.EqualTo(MemberBefore.Drained));
        Assert.That(Stored("1/a"), Is.EqualTo(new Intent(Key("1/a")) { Weight = 30, By = "somebody" }), "and it is whose it was");

        await Writer.WriteAsync(Drain("b"), CancellationToken.None);
        var gone = await Writer.WriteAsync(Resume("b"), CancellationToken.None);
        Assert.That((gone.Result, gone.Revision, Etcd.Model.Value(Intents + "1/b")), Is.EqualTo((IntentResult.Written, (long?)Etcd.Model.Header.Revision, (string?)null)));
    }

    [Test]
    public async Task To_resume_whom_nobody_has_drained_writes_nothing_and_there_is_nothing_to_wait_for()
    {
        var outcome = await Writer.WriteAsync(Resume("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count, outcome.Unchanged.Count, outcome.Revision, Transactions.Count), Is.EqualTo((IntentResult.Written, 0, 1, (long?)null, 0)));
    }

    [Test]
    public async Task Who_has_left_is_resumed_by_the_name_in_its_intent()
    {
        await Writer.WriteAsync(Drain("a"), CancellationToken.None);
        Etcd.Model.Delete(Members + "1/a");

        var outcome = await Writer.WriteAsync(Resume("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count, Etcd.Model.Value(Intents + "1/a")), Is.EqualTo((IntentResult.Written, 1, (string?)null)));
    }

    [TestCase(IntentWish.Drain, "replaced")]
    [TestCase(IntentWish.Resume, "deleted")]
    public async Task An_intent_that_cannot_be_read_is_replaced_and_that_is_said(IntentWish wish, string what)
    {
        Etcd.Model.Put(Intents + "1/a", """{"drain":"maybe"}""");

        var outcome = await Writer.WriteAsync(Command(wish, "a"), CancellationToken.None);

        Assert.That(outcome.Warnings, Is.EqualTo(new[] { $"the intent of 1/a could not be read (drain: neither true nor false), and was {what}" }));
        Assert.That(Etcd.Model.Value(Intents + "1/a") is not null, Is.EqualTo(wish == IntentWish.Drain));
    }

    [Test]
    public async Task Nobody_known_nothing_written()
    {
        var outcome = await Writer.WriteAsync(Drain("a", "nobody"), CancellationToken.None);

        Assert.That((outcome.Result, Transactions.Count, Writer.IsInDoubt, Writer.Written), Is.EqualTo((IntentResult.Unknown, 0, false, 0)));
        Assert.That(outcome.Reasons, Is.EqualTo(new[] { "there is no member 'nobody'; there are a and b" }));
    }

    [Test]
    public async Task Too_few_left_nothing_written_unless_it_is_forced()
    {
        var refused = await Writer.WriteAsync(Drain("a", "b"), CancellationToken.None);
        Assert.That((refused.Result, Transactions.Count), Is.EqualTo((IntentResult.BelowFloor, 0)));

        var forced = await Writer.WriteAsync(Drain("a", "b") with { IsForced = true }, CancellationToken.None);
        Assert.That((forced.Result, forced.Changed.Count), Is.EqualTo((IntentResult.Written, 2)));
    }

    [Test]
    public async Task What_has_changed_meanwhile_and_leaves_enough_is_decided_anew_and_written()
    {
        Between = number => _ = number == 1 ? Announce("1/c", "10.0.0.3") : 0;

        var outcome = await Writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, Transactions.Count), Is.EqualTo((IntentResult.Written, 2)));
    }

    /// <summary>Each is who would have been left.</summary>
    [TestCase("goes down")]
    [TestCase("withdraws")]
    [TestCase("is drained by another operator")]
    public async Task Two_that_go_at_once_do_not_leave_a_set_with_nobody(string what)
    {
        Between = number => _ = number > 1 ? 0 : what switch
        {
            "goes down" => Etcd.Model.Put(Members + "1/b", """{"uri":"sip:10.0.0.2","state":"down"}"""),
            "withdraws" => Etcd.Model.Delete(Members + "1/b"),
            _ => Etcd.Model.Put(Intents + "1/b", """{"drain":true}"""),
        };

        var outcome = await Writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, Etcd.Model.Value(Intents + "1/a")), Is.EqualTo((IntentResult.BelowFloor, (string?)null)));
        Assert.That(outcome.Reasons, Has.One.StartsWith("set 1 would be left with no ready member"));
    }

    [Test]
    public async Task A_cluster_that_keeps_changing_is_given_up()
    {
        Between = number => Announce("1/x", $"10.0.1.{number}");

        var outcome = await Writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, Transactions.Count, Etcd.Model.Value(Intents + "1/a")), Is.EqualTo((IntentResult.KeepsChanging, IntentWriter.MostTries, (string?)null)));
        Assert.That(outcome.Reasons, Has.One.Contains("keeps changing"));
    }

    [Test]
    public async Task What_changes_in_another_set_is_nobodys_business_and_what_is_forced_or_resumed_rests_on_nobody()
    {
        Between = number => Announce("2/x", $"10.0.1.{number}");
        await Writer.WriteAsync(Drain("a"), CancellationToken.None);
        Between = number => Announce("1/x", $"10.0.1.{number}");
        await Writer.WriteAsync(Drain("b") with { IsForced = true }, CancellationToken.None);
        await Writer.WriteAsync(Resume("a", "b"), CancellationToken.None);

        Assert.That(Transactions, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task Very_many_are_written_in_several_transactions_each_as_large_as_etcd_takes_it()
    {
        for (var number = 0; number < 250; number++)
        {
            Announce($"{3 + (number % 20)}/m{number}", $"10.1.{number / 100}.{number % 100}");
        }

        var outcome = await Writer.WriteAsync(Drain([.. Enumerable.Range(0, 230).Select(static number => $"m{number}")]), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count), Is.EqualTo((IntentResult.Written, 230)), string.Join('\n', outcome.Reasons));
        Assert.That(Transactions, Has.Count.InRange(3, 5));
        Assert.That(Transactions.Select(static transaction => Math.Max(transaction.Compare.Count, transaction.Success.Count)), Has.All.LessThanOrEqualTo(128));
        Assert.That(outcome.Revision, Is.EqualTo(Etcd.Model.Header.Revision), "the last one");
    }

    [Test]
    public async Task What_was_written_without_an_answer_is_taken_for_ours()
    {
        // Two ways to one server, of which the first one breaks when it has done its work.
        Connect($"{Etcd.Endpoint},{Etcd.Endpoint.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}");
        Between = number =>
        {
            if (number == 1)
            {
                Etcd.Model.Answer(Transactions[0]);
                throw new RpcException(new Status(StatusCode.Unavailable, "the connection broke"));
            }
        };

        var outcome = await Writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That(outcome.Changed.Select(static change => (change.Key.ToString(), change.Was)), Is.EqualTo(new[] { ("1/a", MemberBefore.Ready) }));
    }

    [Test]
    public async Task A_deletion_without_an_answer_has_no_revision_that_somebody_could_wait_for()
    {
        Etcd.Model.Put(Intents + "1/a", """{"drain":true,"by":"ops@host"}""");
        Connect($"{Etcd.Endpoint},{Etcd.Endpoint.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}");
        Between = number =>
        {
            if (number == 1)
            {
                Etcd.Model.Answer(Transactions[0]);
                Etcd.Model.Put("/kamrpc/c/proxies/p1", "{}");
                throw new RpcException(new Status(StatusCode.Unavailable, "the connection broke"));
            }
        };

        var outcome = await Writer.WriteAsync(Resume("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.IsUntraced, outcome.Revision), Is.EqualTo((IntentResult.Written, true, (long?)null)));
        Assert.That(outcome.Changed.Select(static change => (change.Key.ToString(), change.Was)), Is.EqualTo(new[] { ("1/a", MemberBefore.Drained) }));
    }

    [Test]
    public async Task A_refusal_of_etcds_is_told()
    {
        Between = static _ => throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"));

        var refused = await Assert.ThrowsAsync<EtcdUnreachableException>(() => Writer.WriteAsync(Drain("a"), CancellationToken.None));

        Assert.That(refused!.Message, Does.Contain("refuses (permission denied"));
        Assert.That((Writer.IsInDoubt, Writer.Written), Is.EqualTo((false, 0)), "nothing is written, and that is known");
    }
}
