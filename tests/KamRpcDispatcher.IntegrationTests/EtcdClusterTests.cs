using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>
/// Announcers with the default TTL and a cluster of three nodes, with TLS, client certificates and users. There are three, each of which uses
/// another node at first, so that every node's trouble is that of one of them, and one test sets their clock (their timers are real). That a key
/// was there all the time is seen by its create revision, which changes when it is written after it had lapsed.
/// </summary>
[Parallelizable]
public class EtcdClusterTests
{
    /// <summary>etcd looks for leases that have ended twice a second.</summary>
    private static readonly TimeSpan LongerThanTheTtl = TimeSpan.FromSeconds(5.7);

    private readonly List<ServerProcess> _announcers = [];
    private (string CertificateFile, string KeyFile) _identity;
    private string _password = "";
    private TestCertificates _certificates = null!;
    private TemporaryFolder _folder = null!;
    private EtcdCluster _cluster = null!;
    private Dictionary<string, long> _created = null!;

    [OneTimeSetUp]
    public async Task StartCluster()
    {
        RealServers.Require("etcd", "etcdctl");
        _certificates = new TestCertificates();
        _folder = new TemporaryFolder();
        _cluster = await EtcdCluster.StartAsync(new EtcdOptionSet { Certificates = _certificates, RequiresClientCertificate = true });
        await EtcdUsers.EnableAsync(_cluster.Nodes[0]);
        await EtcdUsers.AddAsync(_cluster.Nodes[0], "announcer", "secret", EtcdUsers.AnnouncerPermissions("default", 1));
        _password = await EtcdUsers.WritePasswordAsync(_folder, "secret");
        _identity = _certificates.Issue("nobody");
    }

    [OneTimeTearDown]
    public async Task StopCluster()
    {
        await (_cluster?.DisposeAsync() ?? default);
        _certificates?.Dispose();
        _folder?.Dispose();
    }

    [TearDown]
    public async Task StopAnnouncers()
    {
        foreach (var node in _cluster.Nodes)
        {
            node.Resume();
        }

        await Task.WhenAll(_announcers.Select(static announcer => announcer.DisposeAsync().AsTask()));
        _announcers.Clear();
    }

    [Test]
    public async Task Keys_live_through_the_death_of_the_leader()
    {
        await AnnounceAsync();
        var leader = await EtcdCluster.LeaderAsync(_cluster.Nodes);
        var others = _cluster.Nodes.Except([leader]).ToList();

        leader.Kill();
        var died = Stopwatch.GetTimestamp();
        await EtcdCluster.LeaderAsync(others);
        Print("from the leader's death to the next leader", died);
        await AssertRenewedAsync(others[0]);
        Print("from the leader's death to every lease renewed", died);

        await leader.StartAgainAsync();
    }

    [Test]
    public async Task Keys_live_while_the_leader_hangs_and_when_it_goes_on()
    {
        await AnnounceAsync();
        var leader = await EtcdCluster.LeaderAsync(_cluster.Nodes);
        var other = _cluster.Nodes.First(node => node != leader);

        leader.Pause();
        await Task.Delay(LongerThanTheTtl);
        await AssertRenewedAsync(other);

        // It takes itself for the leader still, and the leases that it knows for ended.
        leader.Resume();
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        await AssertRenewedAsync(other);
    }

    [Test]
    public async Task Keys_live_while_a_follower_hangs_and_the_clock_is_set_forward_and_back_again_and_again()
    {
        RealServers.Require("faketime");
        var clock = new FakeClock(_folder);

        // Each of the other members may take seconds to be connected to where the machine is busy: that is not what is tested.
        await AnnounceAsync(clock, "--ttl", "20s");
        var leader = await EtcdCluster.LeaderAsync(_cluster.Nodes);
        clock.Set(TimeSpan.FromHours(300));
        await AssertRenewedAsync(leader);

        // One that an announcer uses, so that calls hang while the clock is set.
        var used = _announcers.Select(static announcer => announcer.Output.Split('\n').Last(static line => line.Contains("Using etcd at", StringComparison.Ordinal))).ToList();
        var followers = _cluster.Nodes.Where(node => node != leader);
        var follower = followers.FirstOrDefault(node => used.Exists(line => line.EndsWith(node.Endpoint, StringComparison.Ordinal))) ?? followers.First();
        follower.Pause();
        var begun = Stopwatch.GetTimestamp();
        for (var hour = 299; Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(24); hour--)
        {
            // So often that it happens in the middle of a call.
            clock.Set(TimeSpan.FromHours(hour));
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }

        await AssertRenewedAsync(leader);
        follower.Resume();
    }

    [Test]
    public async Task Keys_live_through_an_outage_of_the_whole_cluster()
    {
        await AnnounceAsync();
        foreach (var node in _cluster.Nodes)
        {
            node.Kill();
        }

        await Task.Delay(LongerThanTheTtl);
        await Task.WhenAll(_cluster.Nodes.Select(static node => node.StartAgainAsync()));
        var returned = Stopwatch.GetTimestamp();

        await AssertRenewedAsync(_cluster.Nodes[0]);
        Print("from the return of the cluster to every lease renewed", returned);
    }

    private async Task AnnounceAsync(FakeClock? clock = null, params string[] more)
    {
        for (var first = 0; first < 3; first++)
        {
            var endpoints = _cluster.Nodes.Select((_, index) => _cluster.Nodes[(first + index) % 3].Endpoint);
            string[] arguments =
            [
                .. KamrpcProgram.Prefix, "announce", "--probe", "none", "--name", $"m{first}", "--uri", $"sip:10.0.0.{first}",
                "--etcd", string.Join(',', endpoints), "--etcd-ca", _certificates.AuthorityFile, "--etcd-cert", _identity.CertificateFile, "--etcd-key", _identity.KeyFile,
                "--etcd-user", "announcer", "--etcd-password-file", _password, "--log-level", "debug", .. more,
            ];
            _announcers.Add(clock is null ? ServerProcess.Start(KamrpcProgram.File, arguments) : clock.Start(KamrpcProgram.File, arguments));
        }

        foreach (var announcer in _announcers)
        {
            await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        }

        _created = await CreatedAsync(_cluster.Nodes[0]);
    }

    /// <summary>Every key was there all the time, and its lease is renewed again.</summary>
    private async Task AssertRenewedAsync(EtcdServer node)
    {
        try
        {
            await Task.WhenAll(_created.Keys.Select(node.WaitForRenewalAsync));
        }
        catch (InvalidOperationException lost)
        {
            Assert.Fail($"{lost.Message}\n{Outputs()}");
        }

        Assert.That(await CreatedAsync(node), Is.EqualTo(_created), Outputs);
    }

    private string Outputs() => string.Join('\n', _announcers.Select(static announcer => announcer.Output));

    private static void Print(string what, long from)
    {
        var figures = new Figures(what);
        figures.Add(from, Stopwatch.GetTimestamp());
        figures.Print();
    }

    private static async Task<Dictionary<string, long>> CreatedAsync(EtcdServer node)
    {
        var created = new Dictionary<string, long>();
        for (var number = 0; number < 3; number++)
        {
            var key = $"/kamrpc/default/members/1/m{number}";
            created[key] = await node.CreateRevisionAsync(key);
        }

        return created;
    }
}
