using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>All that goes wrong in the chaos test.</summary>
internal static class Disturbances
{
    private static readonly TimeSpan Bad = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Worst = TimeSpan.FromSeconds(4);

    /// <summary>More than the dispatcher's patience with a reply (1 s), so that it gives up and Kamailio does the work afterwards.</summary>
    private static readonly RelayFaults Faults = new(LoseRequest: 0.15, LoseReply: 0.15, Delay: 0.2, TimeSpan.FromSeconds(1.2));

    public static IReadOnlyList<Disturbance> All { get; } =
    [
        new("kill Kamailio", "Kamailio", static (fleet, _) => fleet.RestartKamailioAsync()) { StopsCalls = true },
        new("stop Kamailio", "Kamailio", static (fleet, random) => PauseAsync(fleet.Kamailio.Pause, fleet.Kamailio.Resume, random)) { StopsCalls = true },

        // A reload is a structural change of somebody else's. In the middle of the dispatcher's own it could crash Kamailio, and nothing
        // the dispatcher does would help.
        new("operator's reload", "Kamailio", static (fleet, _) => fleet.Kamailio.CallAsync("dispatcher.reload")) { NeedsQuiet = true },
        new("kill the dispatcher", "dispatcher", static (fleet, _) => fleet.RestartDispatcherAsync()),
        new("stop the dispatcher", "dispatcher", static (fleet, random) => PauseAsync(fleet.Dispatcher.Pause, fleet.Dispatcher.Resume, random)),
        new("kill etcd", "etcd", static (fleet, _) => fleet.RestartEtcdAsync()),
        new("stop etcd", "etcd", static (fleet, random) => PauseAsync(fleet.Etcd.Pause, fleet.Etcd.Resume, random)),
        new("compact etcd", "etcd", static async (fleet, _) => await fleet.Etcd.CompactAsync(await fleet.Etcd.RevisionAsync())),
        new("RPC faults", "relay", static async (fleet, random) =>
        {
            fleet.Relay.Faults = Faults;
            await Task.Delay(Some(random));
            fleet.Relay.Faults = RelayFaults.None;
        }),
        new("full state directory", "state", static async (fleet, random) =>
        {
            fleet.StateDisk.Fill();
            await Task.Delay(Some(random));
            fleet.StateDisk.Empty();
        }),
        new("busy processors", "processors", static async (_, random) =>
        {
            await using var busy = new BusyProcesses(Environment.ProcessorCount, Worst);
            await Task.Delay(Some(random));
        }),
    ];

    private static async Task PauseAsync(Action pause, Action resume, Random random)
    {
        pause();
        await Task.Delay(Some(random));
        resume();
    }

    private static TimeSpan Some(Random random) => Bad + ((Worst - Bad) * random.NextDouble());
}
