using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>
/// What somebody can do who has got hold of an announcer with the narrowest role, that of its one key: whatever it writes there, it takes no other
/// server out of rotation, and keeps none in that is dead.
/// </summary>
[Parallelizable]
public class EtcdRolesTests
{
    private const string Members = "/kamrpc/default/members/1/";

    private TemporaryFolder _folder = null!;
    private SipResponder? _server;
    private string _uri = "";
    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartFleet()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        _folder = new TemporaryFolder();
        _server = new SipResponder("127.0.44", 1);
        _uri = _server.Uris[0];
        var password = await EtcdUsers.WritePasswordAsync(_folder, "secret");
        _fleet = await Fleet.StartAsync(new FleetOptions { Dispatch = ["--etcd-user", "dispatcher", "--etcd-password-file", password] });
        await EtcdUsers.AddAsync(_fleet.Etcd, "dispatcher", "secret", EtcdUsers.DispatcherPermissions("default", "p1"));
        await EtcdUsers.AddAsync(_fleet.Etcd, "status", "secret", EtcdUsers.StatusPermissions("default"));
        foreach (var name in new[] { "victim", "intruder" })
        {
            await EtcdUsers.AddAsync(_fleet.Etcd, name, "secret", $"readwrite {Members}{name}", "read --prefix=true /kamrpc/default/proxies/");
        }

        await EtcdUsers.EnableAsync(_fleet.Etcd);
        await _fleet.AnnounceAsync("victim", _uri, "--etcd-user", "victim", "--etcd-password-file", password, "--probe", "options", "--interval", "300ms");
        await _fleet.WaitForListAsync(list => Fleet.IsRoutable(list, _uri));
    }

    [TearDown]
    public async Task StopFleet()
    {
        await (_fleet?.DisposeAsync() ?? default);
        await StopServerAsync();
        _folder?.Dispose();
    }

    [Test]
    public async Task It_writes_no_other_key_and_ends_nobody_elses_lease()
    {
        var lease = await _fleet.Etcd.LeaseAsync(Members + "victim") ?? throw new InvalidOperationException("The member has no lease.");
        _fleet.Etcd.Login = "intruder:secret";
        string[][] attempts =
        [
            ["put", Members + "victim", $"{{\"uri\":\"{_uri}\",\"state\":\"down\"}}"],
            ["del", Members + "victim"],
            ["del", "--prefix", Members],
            ["lease", "revoke", lease],
            ["put", $"--lease={lease}", Members + "victim", "{}"],
            ["put", "/kamrpc/default/intents/1/victim", """{"drain":true}"""],
            ["put", "/kamrpc/default/calls/1/victim", """{"calls":0}"""],
            ["put", "/kamrpc/default/splits/1", "{}"],
            ["put", "/kamrpc/default/proxies/p1", "{}"],
            ["get", "--prefix", Members],
        ];
        foreach (var attempt in attempts)
        {
            Assert.That(() => _fleet.Etcd.AdministerAsync(attempt), Throws.InvalidOperationException.With.Message.Contains("permission denied"), string.Join(' ', attempt));
        }

        Assert.That(Fleet.IsRoutable(await _fleet.Kamailio.ListAsync(), _uri));
    }

    [Test]
    public async Task Whatever_it_says_of_another_ones_address_that_server_stays_in_rotation_and_it_is_found()
    {
        _fleet.Etcd.Login = "intruder:secret";
        foreach (var record in new[]
        {
            $$"""{"uri":"{{_uri}}","state":"draining"}""",
            $$"""{"uri":"{{_uri}}","state":"down"}""",
            $$"""{"uri":"{{_uri}}","state":"asleep"}""",
            $$"""{"uri":"{{_uri}};transport=udp","state":"down"}""",
            $$"""{"uri":"{{_uri.ToUpperInvariant().Replace("SIP:", "sip:", StringComparison.Ordinal)}}","state":"down","weight":1}""",
            $$"""{"uri":"{{_uri}}","state":"down","attrs":{"maxload":"1"} }""",
        })
        {
            await _fleet.Etcd.PutAsync(Members + "intruder", record);
            await SeenAsync();
            Assert.That(Fleet.IsRoutable(await _fleet.Kamailio.ListAsync(), _uri), record);
        }

        var password = await EtcdUsers.WritePasswordAsync(_folder, "secret");
        var (exitCode, _) = await Kamrpc.WaitForStatusAsync(
            "victim has the address of intruder too", "--etcd", _fleet.Etcd.Endpoint, "--etcd-user", "status", "--etcd-password-file", password);
        Assert.That(exitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task A_server_that_is_dead_gets_no_calls_though_it_says_that_it_is_ready()
    {
        await StopServerAsync();
        await _fleet.WaitForListAsync(list => !Fleet.IsRoutable(list, _uri));

        _fleet.Etcd.Login = "intruder:secret";
        await _fleet.Etcd.PutAsync(Members + "intruder", $"{{\"uri\":\"{_uri}\"}}");
        await SeenAsync();

        // Kamailio asks by itself, and what it finds is never overwritten.
        await _fleet.WaitForListAsync(list => list.Where(entry => entry.Uri == _uri).All(static entry => entry.Flags[0] != 'A'));
        await _fleet.Etcd.PutAsync(Members + "intruder", $"{{\"uri\":\"{_uri}\",\"labels\":{{\"again\":\"1\"}}}}");
        await SeenAsync();
        Assert.That(Fleet.IsRoutable(await _fleet.Kamailio.ListAsync(), _uri), Is.False);
    }

    private async Task StopServerAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            _server = null;
        }
    }

    /// <summary>Waits until the dispatcher has followed what was written: a server of the test's own came and went after it.</summary>
    private async Task SeenAsync()
    {
        var login = _fleet.Etcd.Login;
        _fleet.Etcd.Login = "root:secret";
        await _fleet.Etcd.PutAsync(Members + "mark", """{"uri":"sip:127.0.44.9:5099"}""");
        await _fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.44.9:5099"));
        await _fleet.Etcd.DeleteAsync(Members + "mark");
        await _fleet.WaitForListAsync(static list => list.All(static entry => entry.Uri != "sip:127.0.44.9:5099"));
        _fleet.Etcd.Login = login;
    }
}
