using System.Diagnostics;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>All that goes wrong in the chaos test.</summary>
internal static class Disturbances
{
    /// <summary>Less than what the dispatcher leaves alone (10 %), and enough for the calls.</summary>
    private const int PercentLeft = 7;

    private static readonly TimeSpan ShortageLasts = TimeSpan.FromSeconds(11);
    private static readonly TimeSpan BetweenReloads = TimeSpan.FromMilliseconds(350);

    private static readonly TimeSpan Bad = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Worst = TimeSpan.FromSeconds(4);

    /// <summary>More than the dispatcher's patience with a reply (1 s), so that it gives up and Kamailio does the work afterwards.</summary>
    private static readonly RelayFaults Faults = new(LoseRequest: 0.15, LoseReply: 0.15, Delay: 0.2, TimeSpan.FromSeconds(1.2));

    public static IReadOnlyList<Disturbance> All { get; } =
    [
        new("kill Kamailio", "Kamailio", static (fleet, _) => fleet.RestartKamailioAsync()) { StopsCalls = true },
        new("stop Kamailio", "Kamailio", static (fleet, random) => PauseAsync(fleet.Kamailio.Pause, fleet.Kamailio.Resume, random)) { StopsCalls = true },

        new("kill a worker of Kamailio", "Kamailio", static (fleet, _) => fleet.LoseWorkerAsync()) { StopsCalls = true },

        // A reload is a structural change of somebody else's. In the middle of the dispatcher's own it could crash Kamailio, and nothing
        // the dispatcher does would help.
        new("operator's reload", "Kamailio", static (fleet, _) => fleet.Kamailio.CallAsync("dispatcher.reload")) { NeedsQuiet = true },
        new("reload upon reload", "Kamailio", static (fleet, random) => ReloadAsync(fleet, Some(random))) { NeedsQuiet = true, IsForLongForm = true },
        new("entries added by hand", "Kamailio", static (fleet, _) => fleet.Foreign.AddByHandAsync()) { NeedsQuiet = true, Undo = static fleet => fleet.Foreign.RemoveByHandAsync() },
        new("DNS fails", "Kamailio", static (fleet, random) => LoseNamesAsync(fleet, random.Next(2) == 0 ? DnsServer.Behaviour.Fail : DnsServer.Behaviour.Silence, Some(random))) { IsForLongForm = true },
        new("memory short", "Kamailio", static (fleet, random) => HoldMemoryAsync(fleet, Some(random))) { StopsCalls = true, IsForLongForm = true },
        new("overload", "Kamailio", static (fleet, random) => fleet.OverloadAsync(random.Next(2) == 0 ? 115 : 150, Some(random))) { StopsCalls = true, IsForLongForm = true },
        new("cleaner of /tmp", "replies", static (fleet, _) =>
        {
            fleet.RemoveReplyFiles();
            return Task.CompletedTask;
        }),
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
        new("drain", "operator", static (fleet, _) => fleet.Operator.DrainAsync()) { Undo = static fleet => fleet.Operator.ResumeAsync(), IsForLongForm = true },
        new("weight", "operator", static (fleet, _) => fleet.Operator.WeighAsync()) { Undo = static fleet => fleet.Operator.WeighAsBeforeAsync(), IsForLongForm = true },
        new("split", "operator", static (fleet, _) => fleet.Operator.SplitAsync()) { Undo = static fleet => fleet.Operator.JoinAsync() },
        new("rollout whose runner is killed", "operator", static (fleet, _) => fleet.Operator.RollOutAsync()) { Undo = static fleet => fleet.Operator.RollBackAsync() },
        new("busy processors", "processors", static async (_, random) =>
        {
            await using var busy = new BusyProcesses(Environment.ProcessorCount, Worst);
            await Task.Delay(Some(random));
        }),
    ];

    /// <summary>Each takes away all that the dispatcher has put back since the last one.</summary>
    private static async Task ReloadAsync(ChaosFleet fleet, TimeSpan time)
    {
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < time; await Task.Delay(BetweenReloads))
        {
            await fleet.Kamailio.CallAsync("dispatcher.reload");
        }
    }

    /// <summary>A start of Kamailio's meanwhile would lose the name, and is none of the dispatcher's.</summary>
    private static async Task LoseNamesAsync(ChaosFleet fleet, DnsServer.Behaviour behaviour, TimeSpan time)
    {
        if (fleet.Names is { } names)
        {
            names.Mode = behaviour;
            await Task.Delay(time);
            names.Mode = DnsServer.Behaviour.Answer;
        }
    }

    private static async Task HoldMemoryAsync(ChaosFleet fleet, TimeSpan time)
    {
        var ballast = new SharedMemoryBallast(fleet.Kamailio);
        await ballast.FillAsync(PercentLeft);
        await Task.Delay(time);
        await ballast.EmptyAsync();

        // A shortage counts for a while after it was seen last.
        await Task.Delay(ShortageLasts);
    }

    private static async Task PauseAsync(Action pause, Action resume, Random random)
    {
        pause();
        await Task.Delay(Some(random));
        resume();
    }

    private static TimeSpan Some(Random random) => Bad + ((Worst - Bad) * random.NextDouble());
}
