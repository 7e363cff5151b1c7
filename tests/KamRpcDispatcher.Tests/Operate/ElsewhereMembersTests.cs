using System.Collections.Immutable;
using System.Text;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Pruning;
using KamRpcDispatcher.Operate.Splits;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>A proxy takes a set's members from elsewhere than etcd, and follows what operators wish of them: that can be written, and nobody says that they are there.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class ElsewhereMembersTests : IntentWriterFixture
{
    private const string Source = "set 2 of p1 comes from file:/x/members.json";
    private const string Unseen = "whether there is a member 2/f1 is not seen here: " + Source + "; what is wished is in force for a member of that name there";

    [SetUp]
    public void Report() => Put(serving: 3);

    [Test]
    public async Task A_set_and_a_name_are_enough_for_a_drain_and_it_is_told_that_nobody_sees_the_member()
    {
        var outcome = await Writer.WriteAsync(Of(IntentWish.Drain, "f1"), CancellationToken.None);

        Assert.That((outcome.Result, outcome.Unjudged.Single()), Is.EqualTo((IntentResult.Written, Unseen)));
        Assert.That(Stored("2/f1").IsDrained, Is.True);

        var resumed = await Writer.WriteAsync(Resume("f1"), CancellationToken.None);
        Assert.That((resumed.Result, Etcd.Model.Value(Intents + "2/f1")), Is.EqualTo((IntentResult.Written, (string?)null)));
    }

    [Test]
    public async Task So_it_is_with_a_weight() =>
        Assert.That((await Writer.WriteAsync(Of(IntentWish.Weigh, "f1") with { Weight = 5 }, CancellationToken.None)).Unjudged.Single(), Is.EqualTo(Unseen));

    [Test]
    public async Task Without_the_set_or_in_another_one_there_is_no_such_member_and_how_to_name_it_is_told()
    {
        var unknown = await Writer.WriteAsync(Drain("f1"), CancellationToken.None);
        Assert.That((unknown.Result, unknown.Reasons.Single()), Is.EqualTo((IntentResult.Unknown, $"there is no member 'f1'; there are a and b; {Source}, and who is in it is not seen here: give --set 2 with the name of one of its members")));

        var other = await Writer.WriteAsync(new IntentCommand(IntentWish.Drain, new MemberSelection { Names = ["f1"], Sets = new HashSet<int> { 1 } }, "ops@host"), CancellationToken.None);
        Assert.That(other.Result, Is.EqualTo(IntentResult.Unknown));
    }

    [Test]
    public async Task The_floor_goes_by_what_the_proxy_reports()
    {
        Put(serving: 1);
        var refused = await Writer.WriteAsync(Of(IntentWish.Drain, "f1"), CancellationToken.None);
        Assert.That((refused.Result, refused.Reasons.Single()), Is.EqualTo((IntentResult.BelowFloor, $"{Source}: by its report it would be left with 0 ready members, and --min-ready 1 asks for 1")));

        Assert.That((await Writer.WriteAsync(Of(IntentWish.Drain, "f1") with { IsForced = true }, CancellationToken.None)).Result, Is.EqualTo(IntentResult.Written));
    }

    [Test]
    public async Task A_split_of_such_a_set_is_written_where_it_is_forced()
    {
        using var store = Etcd.Connect();
        var writer = new SplitWriter(store, new EtcdKeys("c"), new FakeTimeProvider(Now));
        var command = new SplitCommand(2, new Split(2, "version", ImmutableSortedDictionary<string, int>.Empty.Add("v1", 900).Add("v2", 100)), "ops@host");

        var refused = await writer.WriteAsync(command, CancellationToken.None);
        Assert.That((refused.Result, refused.Reasons.Single()), Is.EqualTo((SplitResult.Refused, $"{Source}, and whether its members have version=v1 or v2 is not seen here")));

        Assert.That((await writer.WriteAsync(command with { IsForced = true }, CancellationToken.None)).Result, Is.EqualTo(SplitResult.Written));
        Assert.That((await writer.WriteAsync(command with { Split = null }, CancellationToken.None)).Result, Is.EqualTo(SplitResult.Written), "and ended");
    }

    [Test]
    public async Task What_is_wished_of_them_is_not_pruned()
    {
        Etcd.Model.Put(Intents + "2/f1", """{"drain":true,"by":"ops@host"}""");
        Etcd.Model.Put("/kamrpc/c/splits/2", """{"label":"version","shares":{"v1":95,"v2":5}}""");
        Etcd.Model.Put("/kamrpc/c/classes/2", """{"version=v1":1000001}""");
        Etcd.Model.Put(Intents + "3/gone", """{"drain":true,"by":"ops@host"}""");
        using var store = Etcd.Connect();

        var found = await new Pruner(store, new EtcdKeys("c"), new FakeTimeProvider(Now)).FindAsync(new PruneCommand(TimeSpan.Zero, "ops@host"), CancellationToken.None);

        Assert.That(found.Where(static orphan => orphan.Set == 2).Select(static orphan => orphan.Kept), Is.EqualTo(Enumerable.Repeat($"{Source}, and who is in it is not seen here", 3)));
        Assert.That(found.Single(static orphan => orphan.Set == 3).Kept, Is.Null);
    }

    private static IntentCommand Of(IntentWish wish, string name) => new(wish, new MemberSelection { Names = [name], Sets = new HashSet<int> { 2 } }, "ops@host");

    private void Put(int serving)
    {
        var status = Status(2) with { Sources = [new ReportedSource(ReportedSource.Etcd, [1]), new ReportedSource("file:/x/members.json", [2])] };
        status = status with { Sets = status.Sets.Add(2, new SetStatus(serving, serving) { Wanted = serving, Serving = serving }) };
        Etcd.Model.Put("/kamrpc/c/proxies/p1", Encoding.UTF8.GetString(ProxyReport.Write(status)), lease: 7);
    }
}
