using KamRpcDispatcher.IntegrationTests.Sites;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Samples;

/// <summary>samples/keepalived as it stands, with a real keepalived on two proxies: Debian's Kamailio, and the dispatcher of samples/systemd.</summary>
[Parallelizable]
public sealed class KeepalivedTests
{
    private readonly List<ServerProcess> _processes = [];
    private PrivateMachine _caller = null!;
    private ProxyPair _proxies = null!;

    [SetUp]
    public async Task StartAsync()
    {
        ProxyPair.Require();
        _caller = await PrivateMachine.StartAsync("caller");
        await _caller.InstallKamrpcAsync();
        _processes.Add(await ProxyPair.StartEtcdAsync(_caller));
        _processes.Add(_caller.Start("exec sipp -sf tests/KamRpcDispatcher.Testing/Sip/uas.xml -i 10.0.0.5 -mi 10.0.0.5 -p 5080 -nostdin 2>&1"));
        await _caller.RunAsync("""etcdctl --endpoints http://10.0.0.5:2379 put /kamrpc/default/members/1/a '{"uri":"sip:10.0.0.5:5080"}'""");
        _proxies = await ProxyPair.StartAsync(_caller);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await ServerLife.EndAsync(_proxies);
        await ServerLife.EndAsync(_caller);

        // Gone with their machine.
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }
    }

    [Test]
    public async Task The_address_leaves_a_proxy_that_cannot_route_or_is_drained_and_returns()
    {
        await _proxies.HasAddressAsync(0);
        await CallAsync();
        foreach (var complaint in new[] { "WARNING", "Unknown keyword", "Disabling track script" })
        {
            Assert.That(_proxies.Logs, Has.None.Contain(complaint));
        }

        // Nobody keeps the list in step for a while: no reason to move.
        await _proxies.Machines[0].RunAsync("systemctl stop kamrpc-dispatch");
        Assert.That(await _proxies.Machines[0].RunAsync("setpriv --reuid kamailio --regid kamailio --init-groups /opt/kamrpc/kamrpc health"), Does.StartWith("healthy: Kamailio answers").And.Contain("no dispatcher"));
        await _proxies.Machines[0].RunAsync("systemctl start kamrpc-dispatch");
        Assert.That(_proxies.Moves, Is.EqualTo("edge-1"));

        await _caller.RunAsync("/opt/kamrpc/kamrpc proxy drain edge-1 --reason 'new disk' --etcd http://10.0.0.5:2379");
        await _proxies.HasAddressAsync(1);
        await CallAsync();
        await _caller.RunAsync("/opt/kamrpc/kamrpc proxy resume edge-1 --etcd http://10.0.0.5:2379");
        await _proxies.HasAddressAsync(0);

        await _proxies.Machines[0].RunAsync("systemctl stop kamailio");
        await _proxies.HasAddressAsync(1);
        await CallAsync();
        await _proxies.Machines[0].RunAsync("systemctl start kamailio");
        await _proxies.HasAddressAsync(0);
        await CallAsync();
        Assert.That(_proxies.Moves, Is.EqualTo("edge-1 edge-2 edge-1 edge-2 edge-1"));
    }

    /// <summary>Calls to the VIP, all of which are answered.</summary>
    private Task<string> CallAsync() => _caller.RunAsync(
        $"sipp -sf tests/KamRpcDispatcher.Testing/Sip/uac.xml -i 10.0.0.5 -mi 10.0.0.5 -p 5070 -nostdin -s 1 -key contact_host 10.0.0.5 -m 5 -r 10 -d 100 -timeout 20s {ProxyPair.Virtual}:5060 2>&1");
}
