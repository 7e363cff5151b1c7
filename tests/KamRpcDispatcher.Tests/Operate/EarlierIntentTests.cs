using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>What somebody has wished before, the same operator or another one.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class EarlierIntentTests : IntentWriterFixture
{
    [Test]
    public async Task Who_is_drained_already_is_left_so_and_told_with_the_revision_of_that()
    {
        var revision = Etcd.Model.Put(Intents + "1/a", """{"drain":true,"by":"ops@host","reason":"disks"}""");

        var outcome = await Writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count, outcome.Revision, Transactions.Count), Is.EqualTo((IntentResult.Written, 0, (long?)revision, 0)));
        Assert.That(outcome.Unchanged.Single(), Is.EqualTo(new IntentChange(Key("1/a"), MemberBefore.Drained, revision)));
        outcome = await Writer.WriteAsync(Drain("a") with { Reason = "disks" }, CancellationToken.None);
        Assert.That(outcome.Changed, Is.Empty, "the same once more");
        outcome = await Writer.WriteAsync(Drain("a") with { Reason = "memory" }, CancellationToken.None);
        Assert.That((outcome.Changed.Single().Earlier, Stored("1/a").Reason), Is.EqualTo(((Intent?)null, "memory")), "another reason is news, and nobody else's");
    }

    [Test]
    public async Task The_drain_of_another_operator_becomes_the_later_ones_who_is_told_and_the_history_names_both()
    {
        Etcd.Model.Put(Intents + "1/a", """{"drain":true,"weight":20,"by":"tom@host","reason":"disks","owner":"git"}""");

        var outcome = await Writer.WriteAsync(Drain("a") with { Reason = "kernel" }, CancellationToken.None);

        Assert.That((outcome.Changed.Single().Was, outcome.Changed.Single().Earlier!.By, outcome.Changed.Single().Earlier!.Reason), Is.EqualTo((MemberBefore.Drained, "tom@host", "disks")));
        Assert.That(Stored("1/a"), Is.EqualTo(new Intent(Key("1/a")) { IsDrained = true, Weight = 20, By = "ops@host", At = Now, Reason = "kernel" }));
        Assert.That(HistoryOf(Transactions.Single()), Does.Contain("\"from\":\"drained by tom@host, declared by git (disks)\""));
    }

    [Test]
    public async Task A_drain_is_taken_back_by_who_gave_it_and_by_others_only_by_force()
    {
        Etcd.Model.Put(Intents + "1/a", """{"drain":true,"by":"tom@host","at":"2026-01-31T11:00:00Z","reason":"disks"}""");
        Etcd.Model.Put(Intents + "1/b", """{"drain":true,"by":"ops@host"}""");

        var refused = await Writer.WriteAsync(Resume("a", "b"), CancellationToken.None);
        Assert.That((refused.Result, Transactions.Count), Is.EqualTo((IntentResult.GivenByOthers, 0)));
        Assert.That(refused.Reasons, Is.EqualTo(new[] { "1/a is drained by tom@host since 2026-01-31T11:00:00Z (disks): that drain is not yours (ops@host)" }));
        Assert.That((await Writer.WriteAsync(Resume("b"), CancellationToken.None)).Changed.Single().Earlier, Is.Null);

        var forced = await Writer.WriteAsync(Resume("a") with { IsForced = true }, CancellationToken.None);
        Assert.That((forced.Result, forced.Changed.Single().Earlier!.By, Etcd.Model.Value(Intents + "1/a")), Is.EqualTo((IntentResult.Written, "tom@host", (string?)null)));
        Assert.That(HistoryOf(Transactions[^1]), Does.Contain("\"from\":\"drained by tom@host (disks)\""));
    }

    [TestCase("tom@h1", "tom@h2", "tom@h2; the same user of another machine counts as somebody else, unless both say who they are with one --as")]
    [TestCase("tom@h1", "olga@h1", "olga@h1")]
    [TestCase("tom", "tom@h1", "tom@h1")]
    [TestCase("@h1", "@h2", "@h2")]
    public async Task The_same_user_of_another_machine_is_another_one_and_is_told_so(string gave, string asks, string told)
    {
        Etcd.Model.Put(Intents + "1/a", $$"""{"drain":true,"by":"{{gave}}"}""");

        var refused = await Writer.WriteAsync(Resume("a") with { By = asks }, CancellationToken.None);

        Assert.That((refused.Result, refused.Reasons.Single()), Is.EqualTo((IntentResult.GivenByOthers, $"1/a is drained by {gave}: that drain is not yours ({told})")));
        Assert.That((await Writer.WriteAsync(Resume("a") with { By = gave }, CancellationToken.None)).Result, Is.EqualTo(IntentResult.Written), "one name given everywhere is one person");
    }

    [Test]
    public async Task The_weight_that_another_operator_gave_is_replaced_and_told()
    {
        Etcd.Model.Put(Intents + "1/a", """{"weight":30,"by":"tom@host"}""");

        var outcome = await Writer.WriteAsync(Command(IntentWish.Weigh, "a") with { Weight = 40 }, CancellationToken.None);

        Assert.That((outcome.Changed.Single().WeightBefore, outcome.Changed.Single().Earlier!.By), Is.EqualTo((30, "tom@host")));
        Assert.That(HistoryOf(Transactions.Single()), Does.Contain("\"from\":\"30 by tom@host\""));
    }

    [Test]
    public async Task The_drain_of_a_rolling_restart_becomes_that_of_the_operator_who_wishes_it_to_stay()
    {
        Etcd.Model.Put(Intents + "1/a", """{"drain":true,"weight":20,"by":"runner@host","reason":"kamrpc rollout rolling 1, 1f: new disks"}""");

        var outcome = await Writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Changed.Count), Is.EqualTo((IntentResult.Written, 1)));
        Assert.That(Etcd.Model.Value(Intents + "1/a"), Does.Contain("\"drain\":true").And.Contain("\"weight\":20").And.Not.Contain("rolling").And.Not.Contain("runner"));
    }

    [TestCase("""{"weight":20,"by":"tom@host","at":"2026-01-30T12:00:00Z","reason":"small box","owner":"git"}""")]
    [TestCase("""{"weight":20,"by":"tom@host"}""")]
    public async Task A_drain_and_its_resume_leave_the_weight_and_whose_it_is_as_they_were(string before)
    {
        Etcd.Model.Put(Intents + "1/a", before);

        await Writer.WriteAsync(Drain("a") with { Reason = "kernel" }, CancellationToken.None);
        Assert.That((Stored("1/a").By, Stored("1/a").Reason, Stored("1/a").Owner, Stored("1/a").Weighed!.By), Is.EqualTo(("ops@host", "kernel", (string?)null, "tom@host")), "the drain is another one's");
        await Writer.WriteAsync(Drain("a") with { By = "eve@host" }, CancellationToken.None);
        await Writer.WriteAsync(Resume("a") with { By = "eve@host", Reason = "done" }, CancellationToken.None);

        Assert.That(Etcd.Model.Value(Intents + "1/a"), Is.EqualTo(before));
    }

    [Test]
    public async Task A_weight_that_is_given_during_a_drain_is_of_who_gave_it()
    {
        Etcd.Model.Put(Intents + "1/a", """{"drain":true,"by":"tom@host","reason":"disks"}""");

        await Writer.WriteAsync(Command(IntentWish.Weigh, "a") with { Weight = 40 }, CancellationToken.None);
        Assert.That((Stored("1/a").By, Stored("1/a").Weighed), Is.EqualTo(("tom@host", new WeightOrigin("ops@host", Now, null, null))));
        var replaced = await Writer.WriteAsync(Command(IntentWish.Weigh, "a") with { Weight = 50, By = "eve@host" }, CancellationToken.None);
        Assert.That(replaced.Changed.Single().Earlier!.By, Is.EqualTo("ops@host"));
        await Writer.WriteAsync(Resume("a") with { By = "tom@host" }, CancellationToken.None);

        Assert.That(Stored("1/a"), Is.EqualTo(new Intent(Key("1/a")) { Weight = 50, By = "eve@host", At = Now }));
    }

    [Test]
    public async Task What_another_operator_has_written_meanwhile_is_not_overwritten_without_a_word()
    {
        Between = number => _ = number == 1 ? Etcd.Model.Put(Intents + "1/a", """{"drain":true,"by":"other@host"}""") : 0;

        var outcome = await Writer.WriteAsync(Drain("a"), CancellationToken.None);

        Assert.That((outcome.Result, Transactions.Count, Stored("1/a").By), Is.EqualTo((IntentResult.Written, 2, "ops@host")));
        Assert.That((outcome.Changed.Single().Was, outcome.Changed.Single().Earlier!.By), Is.EqualTo((MemberBefore.Drained, "other@host")));
    }
}
