using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Samples;

/// <summary>samples/keepalived as it stands, with a real keepalived on two proxies: Debian's Kamailio, and the dispatcher of samples/systemd.</summary>
[Parallelizable]
public sealed class KeepalivedTests
{
    private const string Virtual = "10.0.0.100";

    private readonly List<PrivateMachine> _machines = [];
    private readonly List<ServerProcess> _processes = [];
    private readonly List<ServerProcess> _watchers = [];

    private PrivateMachine Caller => _machines[0];

    private IReadOnlyList<PrivateMachine> Proxies => _machines[1..];

    [TearDown]
    public async Task StopAsync()
    {
        foreach (var machine in _machines)
        {
            await machine.DisposeAsync();
        }

        // Gone with their machines.
        foreach (var process in _processes.Concat(_watchers))
        {
            await process.DisposeAsync();
        }
    }

    [Test]
    public async Task The_address_leaves_a_proxy_that_cannot_route_or_is_drained_and_returns()
    {
        OtherUser.RequireRoot();
        RealServers.Require("etcd", "etcdctl", "ip", "kamailio", "keepalived", "nsenter", "perl", "sipp", "systemd-analyze", "unshare");
        await StartAsync();
        await HasAddressAsync(0);
        await CallAsync();
        foreach (var complaint in new[] { "WARNING", "Unknown keyword", "Disabling track script" })
        {
            Assert.That(_watchers.Select(static watcher => watcher.Output), Has.None.Contain(complaint));
        }

        // Nobody keeps the list in step for a while: no reason to move.
        await Proxies[0].RunAsync("systemctl stop kamrpc-dispatch");
        Assert.That(await Proxies[0].RunAsync("setpriv --reuid kamailio --regid kamailio --init-groups /opt/kamrpc/kamrpc health"), Does.StartWith("healthy: Kamailio answers").And.Contain("no dispatcher"));
        await Proxies[0].RunAsync("systemctl start kamrpc-dispatch");
        Assert.That(Moves, Is.EqualTo("edge-1"));

        await Caller.RunAsync("/opt/kamrpc/kamrpc proxy drain edge-1 --reason 'new disk' --etcd http://10.0.0.5:2379");
        await HasAddressAsync(1);
        await CallAsync();
        await Caller.RunAsync("/opt/kamrpc/kamrpc proxy resume edge-1 --etcd http://10.0.0.5:2379");
        await HasAddressAsync(0);

        await Proxies[0].RunAsync("systemctl stop kamailio");
        await HasAddressAsync(1);
        await CallAsync();
        await Proxies[0].RunAsync("systemctl start kamailio");
        await HasAddressAsync(0);
        await CallAsync();
        Assert.That(Moves, Is.EqualTo("edge-1 edge-2 edge-1 edge-2 edge-1"));
    }

    private string Logs => string.Join('\n', _watchers.Select(static watcher => watcher.Output));

    /// <summary>Who has become the master, one after another.</summary>
    private string Moves { get; set; } = string.Empty;

    private async Task StartAsync()
    {
        foreach (var name in new[] { "caller", "edge-1", "edge-2" })
        {
            _machines.Add(await PrivateMachine.StartAsync(name));
        }

        var program = Path.Combine("src", "KamRpcDispatcher.Cli", "bin", AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug", "net10.0");
        await Caller.UseAsSwitchAsync("10.0.0.5");
        await Caller.RunAsync($"cp -rL {program} /opt/kamrpc");
        _processes.Add(Caller.Start("exec etcd --data-dir /var/lib/etcd/test --listen-client-urls http://10.0.0.5:2379 --advertise-client-urls http://10.0.0.5:2379 2>&1"));
        _processes.Add(Caller.Start("exec sipp -sf tests/KamRpcDispatcher.Testing/Sip/uas.xml -i 10.0.0.5 -mi 10.0.0.5 -p 5080 -nostdin 2>&1"));
        await Caller.RunAsync("""timeout 20 bash -c 'until etcdctl --endpoints http://10.0.0.5:2379 put /kamrpc/default/members/1/a "{\"uri\":\"sip:10.0.0.5:5080\"}"; do sleep 0.1; done' 2>&1""");
        for (var index = 0; index < Proxies.Count; index++)
        {
            var (proxy, address) = (Proxies[index], $"10.0.0.{index + 1}");
            await proxy.PlugIntoAsync(Caller, address);
            await proxy.CopyFromAsync(Caller, "/opt/kamrpc");
            await proxy.RunAsync(
                $"""
                echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind
                cp kamailio-cfg/kamrpc-dispatcher.* /etc/kamailio/
                sed -e '1a #!define KAMRPC_LISTEN udp:{address}:5060' -e '/^listen=KAMRPC_LISTEN$/a listen=udp:{Virtual}:5060' kamailio-cfg/kamailio.cfg >/etc/kamailio/kamailio.cfg
                mkdir -p /etc/kamrpc /etc/keepalived
                cp samples/systemd/kamrpc-dispatch.service /etc/systemd/system/
                echo KAMRPC_ETCD=http://10.0.0.5:2379 >/etc/kamrpc/dispatch.env
                cp samples/keepalived/keepalived.conf /etc/keepalived/
                systemctl start kamailio
                systemctl start kamrpc-dispatch
                """);
            _watchers.Add(proxy.Start("exec keepalived --vrrp --dont-fork --log-console --log-detail 2>&1", line =>
            {
                if (line.Contains("Entering MASTER STATE", StringComparison.Ordinal))
                {
                    Moves = $"{Moves} {proxy.Name}".Trim();
                }
            }));
        }
    }

    /// <summary>Waits until a proxy has the VIP, and the other one has it no more.</summary>
    private async Task HasAddressAsync(int index)
    {
        foreach (var (proxy, verb) in new[] { (Proxies[index], "until"), (Proxies[1 - index], "while") })
        {
            var (exitCode, output) = await proxy.TryAsync($"timeout {Fleet.Deadline.TotalSeconds:0} bash -c '{verb} ip -br address show eth0 | grep -q {Virtual}/; do sleep 0.1; done' || {{ ip address; /opt/kamrpc/kamrpc health; exit 1; }}");
            Assert.That(exitCode, Is.Zero, $"{proxy.Name}, {verb} {Virtual}:\n{output}\n{Logs}");
        }
    }

    /// <summary>Calls to the VIP, all of which are answered.</summary>
    private Task<string> CallAsync() => Caller.RunAsync(
        $"sipp -sf tests/KamRpcDispatcher.Testing/Sip/uac.xml -i 10.0.0.5 -mi 10.0.0.5 -p 5070 -nostdin -s 1 -key contact_host 10.0.0.5 -m 5 -r 10 -d 100 -timeout 20s {Virtual}:5060 2>&1");
}
