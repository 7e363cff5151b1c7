using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Sites;

/// <summary>Two proxies behind one address, as samples/keepalived has them: Debian's Kamailio, the dispatcher of samples/systemd, and a real keepalived.</summary>
internal sealed class ProxyPair : IAsyncDisposable
{
    /// <summary>What callers call.</summary>
    public const string Virtual = "10.0.0.100";

    private readonly List<PrivateMachine> _machines = [];
    private readonly List<ServerProcess> _watchers = [];
    private readonly Lock _lock = new();

    /// <summary>edge-1, which has the address when both are well, and edge-2.</summary>
    public IReadOnlyList<PrivateMachine> Machines => _machines;

    /// <summary>What each keepalived says.</summary>
    public IEnumerable<string> Logs => _watchers.Select(static watcher => watcher.Output);

    /// <summary>Who has become the master, one after another.</summary>
    public string Moves { get; private set; } = string.Empty;

    /// <summary>What these need of the machine that tests run on.</summary>
    public static void Require()
    {
        OtherUser.RequireRoot();
        RealServers.Require("etcd", "etcdctl", "ip", "kamailio", "keepalived", "nsenter", "perl", "python3", "sipp", "systemd-analyze", "unshare");
    }

    /// <summary>Starts etcd on the machine that is the switch, and waits until it answers.</summary>
    /// <param name="machine">The switch, which has 10.0.0.5.</param>
    public static async Task<ServerProcess> StartEtcdAsync(PrivateMachine machine)
    {
        await machine.UseAsSwitchAsync("10.0.0.5");
        var etcd = machine.Start("exec etcd --data-dir /var/lib/etcd/test --listen-client-urls http://10.0.0.5:2379 --advertise-client-urls http://10.0.0.5:2379 2>&1");
        await machine.RunAsync("timeout 20 bash -c 'until etcdctl --endpoints http://10.0.0.5:2379 get any; do sleep 0.1; done' 2>&1");
        return etcd;
    }

    /// <summary>Starts both on a network whose switch has etcd.</summary>
    public static Task<ProxyPair> StartAsync(PrivateMachine network) => ServerLife.StartOrDisposeAsync(new ProxyPair(), pair => pair.StartMachinesAsync(network));

    /// <summary>Waits until a proxy has the address, and the other one, if it lives, has it no more.</summary>
    public async Task HasAddressAsync(int index, bool isAlone = false)
    {
        foreach (var (proxy, verb) in new[] { (Machines[index], "until"), (Machines[1 - index], "while") }.Take(isAlone ? 1 : 2))
        {
            var (exitCode, output) = await proxy.TryAsync($"timeout {Fleet.Deadline.TotalSeconds:0} bash -c '{verb} ip -br address show eth0 | grep -q {Virtual}/; do sleep 0.1; done' || {{ ip address; /opt/kamrpc/kamrpc health; exit 1; }}");
            Assert.That(exitCode, Is.Zero, $"{proxy.Name}, {verb} {Virtual}:\n{output}\n{string.Join('\n', Logs)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var machine in _machines)
        {
            await machine.DisposeAsync();
        }

        // Gone with their machines.
        foreach (var watcher in _watchers)
        {
            await watcher.DisposeAsync();
        }
    }

    private async Task StartMachinesAsync(PrivateMachine network)
    {
        foreach (var number in new[] { 1, 2 })
        {
            var (proxy, address) = (await PrivateMachine.StartAsync($"edge-{number}"), $"10.0.0.{number}");
            _machines.Add(proxy);
            await proxy.PlugIntoAsync(network, address);
            await proxy.InstallKamrpcAsync();
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
            _watchers.Add(proxy.Start("exec keepalived --vrrp --dont-fork --log-console --log-detail 2>&1", line => Note(proxy, line)));
        }
    }

    private void Note(PrivateMachine proxy, string line)
    {
        if (line.Contains("Entering MASTER STATE", StringComparison.Ordinal))
        {
            lock (_lock)
            {
                Moves = $"{Moves} {proxy.Name}".Trim();
            }
        }
    }
}
