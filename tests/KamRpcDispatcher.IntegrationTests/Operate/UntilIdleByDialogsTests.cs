using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc drain --until-idle</c> where no announcer counts calls, and a real Kamailio counts its dialogs.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class UntilIdleByDialogsTests
{
    private TemporaryFolder _folder = null!;
    private SipServer _a = null!;
    private SipServer _b = null!;
    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartFleet()
    {
        _folder = new TemporaryFolder();
        _a = await SipServer.StartAsync();
        _b = await SipServer.StartAsync();
        _fleet = await Fleet.StartAsync(new KamailioOptions { ExtraConfig = "#!define KAMRPC_DIALOGS" });
        await _fleet.PutUriAsync("1/b", _b.Uri);
        await _fleet.AnnounceAsync("a", _a.Uri);
        await _fleet.WaitForListAsync(list => Fleet.IsRoutable(list, _a.Uri) && Fleet.IsRoutable(list, _b.Uri));
        await new Reports(_fleet.Store, "p1").WaitAsync(static status => status is { Dialogs: not null } && status.Sets.TryGetValue(1, out var set) && set.Serving == 2);
    }

    [TearDown]
    public async Task StopFleet()
    {
        await (_fleet?.DisposeAsync() ?? default);
        await (_a?.DisposeAsync() ?? default);
        await (_b?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [Test]
    public async Task It_ends_after_the_last_BYE_and_not_before()
    {
        await using var load = SipLoad.Start(_fleet.Kamailio.Sip, 2, 10, TimeSpan.FromSeconds(10));
        await _a.WaitForAsync(static server => server.Up == 1, Fleet.Deadline);

        // By this clock Kamailio runs for longer than any call takes.
        var clock = new FakeClock(_folder);
        clock.Set(TimeSpan.FromHours(3));
        await using var draining = clock.Start(KamrpcProgram.File, [.. KamrpcProgram.Prefix, "drain", "a", "--until-idle", "--idle-timeout", "40s", "--etcd", _fleet.Etcd.Endpoint]);
        var (_, explained) = await Kamrpc.WaitForAsync("calls: 1 call, as Kamailio's dialogs count them", "explain", "a", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That((draining.Exited.IsCompleted, _a.Up), Is.EqualTo((false, 1)), explained);
        var result = await load.EndAsync();
        Assert.That((result.Failed, draining.Exited.IsCompleted), Is.EqualTo((0, false)), result.Errors);

        Assert.That(await draining.Exited.WaitAsync(Fleet.Deadline), Is.Zero, draining.Output);
        Assert.That(draining.Output, Does.Contain("No calls are up any more."));
    }

    [Test]
    public async Task A_Kamailio_that_was_started_lately_does_not_know_of_calls_of_before()
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync(TimeSpan.FromMinutes(1), "drain", "a", "--until-idle", "--idle-timeout", "6s", "--etcd", _fleet.Etcd.Endpoint);

        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(errors, Does.Contain("a in set 1 (unknown: Kamailio of proxy p1 was started at ").And.Contain(", and does not count calls of before"));
    }

    [Test]
    public async Task A_rolling_restart_is_not_refused_where_every_proxy_counts()
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync("rollout", "rolling", "1", "--exec", "true", "--dry-run", "--etcd", _fleet.Etcd.Endpoint);

        Assert.That((exitCode, errors.Contains("the calls of", StringComparison.Ordinal)), Is.EqualTo((5, false)), output + errors);
    }
}
