using System.Text;
using Etcdserverpb;
using Grpc.Core;
using KamailioRpc;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Following;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
using KamRpcDispatcher.Sources.Origins;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Cli;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>What would be changed goes by operators' intents too.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DryRunTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeKamailio _kamailio = FakeKamailio.Start(new FakeKamailioOptions { HasShares = true });
    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start() => _etcd = await FakeEtcd.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _kamailio.DisposeAsync();
        await (_etcd?.DisposeAsync() ?? default);
        _folder.Dispose();
    }

    [Test]
    public async Task Whom_an_operator_drains_would_get_no_more_calls()
    {
        Announce("a", "b");
        List("a", "b");
        Assert.That(await DisabledAsync(), Is.Empty);

        Drain("a");
        Assert.That(await DisabledAsync(), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public async Task Where_etcd_does_not_let_intents_be_read_that_is_said_and_the_members_are_compared_all_the_same()
    {
        Announce("a");
        Drain("a");
        _etcd.Before = static (request, _) => request is RangeRequest { Key: var key } && key.ToStringUtf8().StartsWith("/kamrpc/c/intents/", StringComparison.Ordinal)
            ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"))
            : Task.CompletedTask;

        var result = await RunAsync();
        Assert.That((result.FollowsIntents, result.Changes.Single().Kind), Is.EqualTo((false, PlannedKind.Add)));
    }

    [Test]
    public async Task Of_those_that_are_gone_at_once_the_drained_ones_are_no_loss()
    {
        List("a", "b", "c", "d");
        Assert.That((await RunAsync()).Held, Has.Count.EqualTo(2));

        Drain("a", "b");
        Assert.That((await RunAsync()).Held.Select(static member => member.Key.Name), Is.EqualTo(new[] { "d" }));
    }

    [Test]
    public async Task Whom_the_daemon_here_keeps_in_a_panic_by_its_report_stays_as_it_is()
    {
        Announce("a", "b", "c");
        List("a", "b", "c", "d");
        Assert.That(await DisabledAsync(), Is.EqualTo(new[] { "d" }), "one that went alone");

        var status = Clusters.Report(4) with { Held = [Members.Of("d", uri: "sip:d.example.org")] };
        _etcd.Model.Put("/kamrpc/c/proxies/p1", Encoding.UTF8.GetString(ProxyReport.Write(status)));
        var result = await RunAsync();
        Assert.That((result.Changes.Count, string.Join(' ', result.Held.Select(static member => member.Key.Name))), Is.EqualTo((0, "d")));
    }

    [Test]
    public async Task No_report_is_read_but_that_of_this_proxy_and_that_may_be_refused()
    {
        Announce("a");
        _etcd.Before = static (request, _) => request is RangeRequest { Key: var key } && key.ToStringUtf8().StartsWith("/kamrpc/c/proxies/", StringComparison.Ordinal)
            ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"))
            : Task.CompletedTask;
        Assert.That((await RunAsync()).Changes.Single().Kind, Is.EqualTo(PlannedKind.Add));

        List<string> read = [];
        _etcd.Before = (request, _) =>
        {
            if (request is RangeRequest { Key: var key, RangeEnd: var end } && key.ToStringUtf8().StartsWith("/kamrpc/c/proxies/", StringComparison.Ordinal))
            {
                read.Add($"{key.ToStringUtf8()} {end.Length}");
            }

            return Task.CompletedTask;
        };
        await RunAsync();
        Assert.That(read, Is.EqualTo(new[] { "/kamrpc/c/proxies/p1 0" }), "one key");
    }

    [Test]
    public void The_right_that_is_missing_is_named()
    {
        _etcd.Before = static (request, _) => request is RangeRequest { Key: var key } && key.ToStringUtf8().StartsWith("/kamrpc/c/members/", StringComparison.Ordinal)
            ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"))
            : Task.CompletedTask;

        Assert.That(async () => await RunAsync(), Throws.TypeOf<EtcdUnreachableException>().With.Message.Contains("permission denied: its role needs read on the prefix /kamrpc/c/members/; etcdctl role grant-permission ROLE read --prefix=true /kamrpc/c/members/"));
    }

    [Test]
    public async Task What_stands_in_classes_would_stay_there_and_shares_that_change_are_told()
    {
        _etcd.Model.Put("/kamrpc/c/members/1/a", """{"uri":"sip:a.example.org","weight":100}""");
        _etcd.Model.Put("/kamrpc/c/members/1/b", """{"uri":"sip:b.example.org","weight":25}""");
        _etcd.Model.Put("/kamrpc/c/classes/1", """{"*":1000001,"*;weight=25":1000002}""");
        List("a", "b");
        var filling = await RunAsync();
        Assert.That(filling.Changes.Select(static change => (change.Kind, change.Set)), Is.EqualTo(new[] { (PlannedKind.Add, 1_000_001), (PlannedKind.Add, 1_000_002) }));
        Assert.That(filling.Classes[1_000_002], Is.EqualTo(new PlannedClass(1, "*;weight=25")));
        Assert.That(new DryRunAnswer(filling).ToPlan(new Layout(160, Palette.None)), Does.Contain("is added, in the class 'weight 25' by which calls are shared").And.Contain("its calls are shared anew as soon as").And.Not.Contain("100000"));

        _kamailio.AddForeign(1_000_001, "sip:a.example.org", attrs: "duid=a;kamrpc=c;weight=100;rweight=100");
        _kamailio.AddForeign(1_000_002, "sip:b.example.org", attrs: "duid=b;kamrpc=c;weight=25;rweight=25");
        var result = await RunAsync();
        Assert.That(result.Changes, Is.Empty, "a weight is no attribute that is replaced");
        Assert.That(result.Shares.Single().Shares, Is.EqualTo("* 80.0 % (wanted 80 %, 1 of 1 routable), *;weight=25 20.0 % (wanted 20 %, 1 of 1 routable)"));
    }

    [Test]
    public async Task Sets_that_the_dispatcher_at_work_takes_from_elsewhere_are_left_out_where_nobody_names_these_sources()
    {
        Announce("a");
        List("a");
        _kamailio.AddForeign(2, "sip:f.example.org", attrs: AttributeText.Format("f", "c"));
        _etcd.Model.Put("/kamrpc/c/members/2/stranger", """{"uri":"sip:stranger.example.org"}""");
        var status = Clusters.Report(1) with { Sources = [new ReportedSource(ReportedSource.Etcd, [1]), new ReportedSource("file:/x", [2])] };
        _etcd.Model.Put("/kamrpc/c/proxies/p1", Encoding.UTF8.GetString(ProxyReport.Write(status)));

        var result = await RunAsync();

        Assert.That((result.Changes.Count, result.LeftOut.Single()), Is.EqualTo((0, "set 2 of p1 comes from file:/x: give the --source of the dispatcher at work, and it is planned too")));
        Assert.That(new DryRunAnswer(result).ToPlan(new Layout(200, Palette.None)), Does.EndWith("not planned: set 2 of p1 comes from file:/x: give the --source of the dispatcher at work, and it is planned too\n"));
        Assert.That(new DryRunAnswer(result).ToJson(), Does.Contain("notPlanned"));
    }

    [Test]
    public async Task Sources_that_are_named_are_read_each_for_its_sets()
    {
        Announce("a");
        List("a");
        _kamailio.AddForeign(2, "sip:f.example.org", attrs: AttributeText.Format("f", "c"));
        _kamailio.AddForeign(2, "sip:g.example.org", attrs: AttributeText.Format("g", "c"));
        _etcd.Model.Put("/kamrpc/c/members/2/stranger", """{"uri":"sip:stranger.example.org"}""");
        _etcd.Model.Put("/kamrpc/c/intents/2/f", """{"drain":true,"by":"ops@host"}""");
        var path = _folder.File("members.json");
        await File.WriteAllTextAsync(path, """{"members":[{"set":2,"name":"f","uri":"sip:f.example.org"},{"set":2,"name":"h","uri":"sip:h.example.org"},{"set":1,"name":"other","uri":"sip:other.example.org"}]}""");

        var result = await RunAsync(new EtcdOrigin([1]), new FileOrigin(path, [2]));
        Assert.That(result.Changes.Select(static change => (change.Kind, change.Name)), Is.EquivalentTo(new[] { (PlannedKind.Disable, "f"), (PlannedKind.Disable, "g"), (PlannedKind.Add, "h") }));
        Assert.That(result.LeftOut, Is.Empty);
    }

    [Test]
    public async Task Without_etcd_nobody_asks_one()
    {
        _etcd.Before = static (_, _) => throw new RpcException(new Status(StatusCode.PermissionDenied, "nobody may"));
        List("a");
        var path = _folder.File("members.json");
        await File.WriteAllTextAsync(path, """{"members":[{"set":1,"name":"a","uri":"sip:a.example.org"},{"set":1,"name":"b","uri":"sip:b.example.org"}]}""");
        Assert.That((await RunAsync(new FileOrigin(path))).Changes.Single(), Is.EqualTo(new PlannedChange(PlannedKind.Add, 1, "b", "sip:b.example.org")));

        File.Delete(path);
        Assert.That(async () => await RunAsync(new FileOrigin(path)), Throws.TypeOf<OriginUnreadableException>().With.Message.EqualTo($"there is no {path}"));
    }

    private void Announce(params string[] names) => Array.ForEach(names, name => _etcd.Model.Put($"/kamrpc/c/members/1/{name}", $$"""{"uri":"sip:{{name}}.example.org"}"""));

    private void Drain(params string[] names) => Array.ForEach(names, name => _etcd.Model.Put($"/kamrpc/c/intents/1/{name}", """{"drain":true,"by":"ops@host"}"""));

    private void List(params string[] names) => Array.ForEach(names, name => _kamailio.AddForeign(1, $"sip:{name}.example.org", attrs: AttributeText.Format(name, "c")));

    private async Task<IEnumerable<string?>> DisabledAsync() => (await RunAsync()).Changes.Where(static change => change.Kind == PlannedKind.Disable).Select(static change => change.Name);

    private Task<DryRunResult> RunAsync(params MemberOrigin[] origins)
    {
        Assert.That(EtcdEndpoints.TryParse(_etcd.Endpoint, out var endpoints, out _));
        var options = new DispatcherOptions(new EtcdOptions(endpoints!), "c", KamailioAddress.Parse(_kamailio.Address), "p1") { Origins = origins.Length == 0 ? [new EtcdOrigin()] : origins, Order = DestinationOrder.Plain, Rpc = new RpcClientOptions { ReplyDirectory = _folder.File("replies") } };
        return new DryRun(options, TimeProvider.System, NullLoggerFactory.Instance).RunAsync(CancellationToken.None);
    }
}
