using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Several dispatchers of one user, each with an etcd of its own, keep their memberships in one directory.</summary>
[Parallelizable]
public sealed class SavedMembershipTests
{
    private const string Members = "/kamrpc/default/members/1/";
    private const string A = "sip:127.0.0.1:7101";
    private const string B = "sip:127.0.0.1:7102";
    private const string C = "sip:127.0.0.1:7103";

    private TemporaryFolder _folder = null!;
    private EtcdServer _etcd = null!;
    private EtcdServer _otherEtcd = null!;
    private KamailioServer _kamailio = null!;
    private KamailioServer _otherKamailio = null!;
    private int _daemons;

    [SetUp]
    public async Task StartAsync()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        _folder = new TemporaryFolder();
        _etcd = await EtcdServer.StartAsync();
        _otherEtcd = await EtcdServer.StartAsync();
        _kamailio = await KamailioServer.StartAsync();
        _otherKamailio = await KamailioServer.StartAsync();
        await PutAsync(_etcd, "a", A);
        await PutAsync(_etcd, "b", B);
        await PutAsync(_otherEtcd, "c", C);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await (_otherKamailio?.DisposeAsync() ?? default);
        await (_kamailio?.DisposeAsync() ?? default);
        await (_otherEtcd?.DisposeAsync() ?? default);
        await (_etcd?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [Test]
    public async Task A_proxy_starts_without_its_etcd_from_its_own_members_whatever_another_proxy_has_followed_since()
    {
        await RunInStepAsync(_etcd, _kamailio, "p1");
        await RunInStepAsync(_otherEtcd, _otherKamailio, "p2");
        Assert.That(await EnabledAsync(_otherKamailio), Is.EqualTo(new[] { C }), "nobody ever announced the others here");

        await _etcd.StopAsync();
        await using var again = Start(_etcd, _kamailio, "p1");
        await again.WaitForLineAsync("using the membership of revision", Fleet.Deadline);
        await again.WaitForLineAsync("In step with revision", Fleet.Deadline);
        Assert.That(await EnabledAsync(_kamailio), Is.EqualTo(new[] { A, B }));
    }

    [Test]
    public async Task What_was_saved_of_another_etcd_puts_nobody_into_Kamailio_and_is_told()
    {
        await RunInStepAsync(_etcd, _kamailio, "p1");
        await using var other = Start(_otherEtcd, _otherKamailio, "p1");
        await other.WaitForLineAsync("is of another etcd", Fleet.Deadline);
        await other.WaitForLineAsync("In step with revision", Fleet.Deadline);

        Assert.That(await EnabledAsync(_otherKamailio), Is.EqualTo(new[] { C }));
        Assert.That(other.Output, Does.Not.Contain("PANIC").And.Contain("--state-dir"));
    }

    [Test]
    public async Task Where_an_etcd_was_set_up_anew_half_of_a_set_stays_as_after_any_mass_expiry()
    {
        await RunInStepAsync(_etcd, _kamailio, "p1");
        await using var next = Start(_otherEtcd, _kamailio, "p1");
        await next.WaitForLineAsync("PANIC in set 1", Fleet.Deadline);
        await next.WaitForLineAsync("In step with revision", Fleet.Deadline);

        Assert.That(await EnabledAsync(_kamailio), Is.EqualTo(new[] { A, C }).Or.EqualTo(new[] { B, C }), next.Output);
    }

    [Test]
    public async Task Of_two_with_one_name_the_second_neither_starts_from_the_firsts_members_nor_overwrites_them()
    {
        await using var first = Start(_etcd, _kamailio, "p1");
        await first.WaitForLineAsync("In step with revision", Fleet.Deadline);
        await using (var second = Start(_otherEtcd, _otherKamailio, "p1"))
        {
            await second.WaitForLineAsync($"is another dispatcher's (PID {first.Pid})", Fleet.Deadline);
            await second.WaitForLineAsync("In step with revision", Fleet.Deadline);
        }

        first.Kill();
        await first.Gone.WaitAsync(Fleet.Deadline);
        await _etcd.StopAsync();
        await using var again = Start(_etcd, _kamailio, "p1");
        await again.WaitForLineAsync("with 2 members saved at", Fleet.Deadline);
    }

    private static Task<long> PutAsync(EtcdServer etcd, string name, string uri) => etcd.PutAsync(Members + name, $"{{\"uri\":\"{uri}\"}}");

    private static async Task<IReadOnlyList<string>> EnabledAsync(KamailioServer kamailio) =>
        [.. (await kamailio.ListAsync()).Where(static entry => entry.Set == 1 && entry.Flags[0] != 'D').Select(static entry => entry.Uri).Order()];

    private async Task RunInStepAsync(EtcdServer etcd, KamailioServer kamailio, string proxy)
    {
        await using var daemon = Start(etcd, kamailio, proxy);
        await daemon.WaitForLineAsync("In step with revision", Fleet.Deadline);
        daemon.Signal(UnixSignals.Terminate);
        await daemon.Exited.WaitAsync(Fleet.Deadline);
    }

    private ServerProcess Start(EtcdServer etcd, KamailioServer kamailio, string proxy) => ServerProcess.Start(KamrpcProgram.File,
    [
        .. KamrpcProgram.Prefix, "dispatch", "--etcd", etcd.Endpoint, "--proxy", proxy, "--kamailio", kamailio.RpcAddress,
        "--reply-dir", _folder.File($"r{_daemons++}"), "--state-dir", _folder.File("state"), "--removal-delay", "0s",
    ]);
}
