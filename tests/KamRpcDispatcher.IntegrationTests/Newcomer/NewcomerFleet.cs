using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Newcomer;

/// <summary>What a newcomer has: a machine for etcd and Kamailio with the addresses of the documents, two with a SIP server each, and nothing of kamrpc yet.</summary>
internal sealed class NewcomerFleet : IAsyncDisposable
{
    private const string KamailioAddress = "10.0.0.5";

    /// <summary>The whole program is built there.</summary>
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(10);

    private const string Scenarios = "tests/KamRpcDispatcher.Testing/Sip";

    private readonly int[] _calls = new int[2];
    private readonly List<PrivateMachine> _machines = [];
    private readonly List<ServerProcess> _servers = [];

    public PrivateMachine Kamailio => _machines[0];

    public IReadOnlyList<PrivateMachine> Servers => _machines[1..];

    public IReadOnlyList<PrivateMachine> Machines => _machines;

    /// <summary>Calls that each server has answered, and that were acknowledged.</summary>
    public IReadOnlyList<int> Calls => _calls;

    /// <param name="debian">A folder with a bare Debian for each machine; null for this machine's own programs.</param>
    public static Task<NewcomerFleet> StartAsync(string? debian = null)
    {
        OtherUser.RequireRoot();
        if (debian is null)
        {
            RequireServers();
        }

        RealServers.Require("ip", "nsenter", "unshare");
        return ServerLife.StartOrDisposeAsync(new NewcomerFleet(), fleet => fleet.StartMachinesAsync(debian));
    }

    private static void RequireServers()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "patch", "perl", "python3", "runuser", "sipp", "systemd-analyze");
        RealServers.RequireFile("/etc/kamailio/kamailio.cfg");
    }

    /// <summary>Waits until a file has so many lines with a text.</summary>
    public static async Task WaitForLinesAsync(PrivateMachine machine, string file, string text, int count)
    {
        var (exitCode, output) = await machine.TryAsync($"timeout {Fleet.Deadline.TotalSeconds:0} bash -c 'until (($(grep -c \"{text}\" {file}) == {count})); do sleep 0.1; done' || {{ cat {file}; exit 1; }}");
        if (exitCode != 0)
        {
            throw new TimeoutException($"{machine.Name}: {file} does not have '{text}' {count} times:\n{output}");
        }
    }

    /// <summary>Calls of a user of Kamailio's, from its own machine.</summary>
    public async Task CallAsync(string number, int calls)
    {
        await Kamailio.RunAsync(
            $"sipp -sf {Scenarios}/uac.xml -i {KamailioAddress} -mi {KamailioAddress} -p 5070 -nostdin -s {number} -key contact_host {KamailioAddress} -m {calls} -r {calls} -d 200 -timeout 30s {KamailioAddress}:5060 2>&1");

        // The servers' lines may come a moment later.
        for (var begun = Stopwatch.GetTimestamp(); _calls.Sum() < calls && Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(5);)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var machine in _machines)
        {
            await machine.DisposeAsync();
        }

        // Gone with their machines.
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private async Task StartMachinesAsync(string? debian)
    {
        foreach (var name in new[] { "edge-1", "asterisk-1", "asterisk-2" })
        {
            var machine = await PrivateMachine.StartAsync(name, debian);
            machine.RunTime = debian is null ? machine.RunTime : BuildTime;
            _machines.Add(machine);
        }

        await Kamailio.UseAsSwitchAsync(KamailioAddress);
        for (var index = 0; index < Servers.Count; index++)
        {
            var (number, address) = (index, $"10.0.0.1{index + 1}");
            await Servers[index].PlugIntoAsync(Kamailio, address);
            _servers.Add(Servers[index].Start($"sipp -sf {Scenarios}/uas.xml -i {address} -mi {address} -p 5060 -nostdin -trace_logs -log_file /dev/stdout", line =>
            {
                if (line.StartsWith("call ", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref _calls[number]);
                }
            }));
        }
    }
}
