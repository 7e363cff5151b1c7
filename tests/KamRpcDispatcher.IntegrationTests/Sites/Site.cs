using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Sites;

/// <summary>
/// A whole small site, each machine with an address of its own: etcd, two proxies behind one address, three SIP servers (SIPp) with an announcer each, and an ITSP
/// that calls.
/// </summary>
internal sealed class Site : IAsyncDisposable
{
    private const string Scenarios = "tests/KamRpcDispatcher.Testing/Sip";
    private const string Store = "http://10.0.0.5:2379";

    private readonly List<PrivateMachine> _machines = [];
    private readonly List<ServerProcess> _processes = [];
    private readonly SiteJournal _journal = new();

    /// <summary>10.0.0.9.</summary>
    public PrivateMachine Itsp { get; private set; } = null!;

    /// <summary>asterisk-1 to asterisk-3, 10.0.0.11 to 10.0.0.13; the last one has version=v2, the others version=v1.</summary>
    public IReadOnlyList<PrivateMachine> Servers => _machines[2..];

    public ProxyPair Proxies { get; private set; } = null!;

    /// <summary>Which calls the servers had.</summary>
    public SiteJournal Journal => _journal;

    public static Task<Site> StartAsync()
    {
        ProxyPair.Require();
        return ServerLife.StartOrDisposeAsync(new Site(), static site => site.StartMachinesAsync());
    }

    /// <summary>Runs kamrpc on a machine that is none of these; it has to end with 0.</summary>
    public Task<string> KamrpcAsync(string arguments) => _machines[0].RunAsync($"/opt/kamrpc/kamrpc {arguments} --etcd {Store} 2>&1");

    /// <summary>Waits until <c>kamrpc status</c> says that all is as it should be; answers what it says then.</summary>
    public Task<string> StatusInStepAsync() => _machines[0].RunAsync(
        $"for tries in $(seq {Fleet.Deadline.TotalSeconds * 5:0}); do said=$(/opt/kamrpc/kamrpc status --etcd {Store} 2>&1) && break; sleep 0.2; done; echo \"$said\"");

    /// <summary>Waits until a server is not announced any more.</summary>
    public Task IsNotAnnouncedAsync(string name) => _machines[0].RunAsync(
        $"timeout {Fleet.Deadline.TotalSeconds:0} bash -c 'while etcdctl --endpoints {Store} get --keys-only /kamrpc/default/members/1/{name} | grep -q {name}; do sleep 0.1; done'");

    /// <summary>Begins calls of the ITSP's to the address of both proxies.</summary>
    public SiteCalls Call(int phase) => SiteCalls.Start(Itsp, $"{Scenarios}/uac.xml", $"{ProxyPair.Virtual}:5060", phase);

    public async ValueTask DisposeAsync()
    {
        await ServerLife.EndAsync(Proxies);
        foreach (var machine in _machines)
        {
            await machine.DisposeAsync();
        }

        // Gone with their machines.
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }
    }

    private async Task StartMachinesAsync()
    {
        foreach (var name in new[] { "store", "itsp", "asterisk-1", "asterisk-2", "asterisk-3" })
        {
            _machines.Add(await PrivateMachine.StartAsync(name));
        }

        await _machines[0].InstallKamrpcAsync();
        _processes.Add(await ProxyPair.StartEtcdAsync(_machines[0]));
        Itsp = _machines[1];
        await Itsp.PlugIntoAsync(_machines[0], "10.0.0.9");
        for (var index = 0; index < Servers.Count; index++)
        {
            await StartServerAsync(index);
        }

        Proxies = await ProxyPair.StartAsync(_machines[0]);
        await Proxies.HasAddressAsync(0);

        // Everybody is on both lists before the first call.
        foreach (var proxy in Proxies.Machines)
        {
            await proxy.RunAsync($"timeout {Fleet.Deadline.TotalSeconds:0} bash -c 'until [ \"$(grep -o \"asterisk-. (.*) gets calls\" /var/log/kamrpc-dispatch.log | sort -u | wc -l)\" = {Servers.Count} ]; do sleep 0.1; done' || {{ cat /var/log/kamrpc-dispatch.log; exit 1; }}");
        }
    }

    private async Task StartServerAsync(int index)
    {
        var (server, address) = (Servers[index], string.Create(CultureInfo.InvariantCulture, $"10.0.0.{11 + index}"));
        await server.PlugIntoAsync(_machines[0], address);
        await server.InstallKamrpcAsync();
        _processes.Add(server.Start(
            $"exec sipp -sf {Scenarios}/uas.xml -i {address} -mi {address} -p 5060 -nostdin -trace_logs -log_file /dev/stdout",
            line => _journal.Note(index, line)));
        _processes.Add(server.Start($"exec /opt/kamrpc/kamrpc announce --etcd {Store} --ip auto --label version={(index == 2 ? "v2" : "v1")} 2>&1"));
    }
}
