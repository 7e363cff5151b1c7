using KamailioRpc.Commands;
using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>
/// Tells who has moved since a moment after the last structural change: so much that it has most likely been through its main loop, and does
/// not hold the table of before the change any more. No proof, and so only good enough together with the long gap.
/// </summary>
/// <remarks>
/// What could keep a process inside the functions that hold the table for longer than the long gap? A lock whose holder stands still, being
/// frozen itself, or a resolver without an answer. The first counts nothing. The second sleeps once, at most twice, for each time-out, of
/// which the shortest that Kamailio can be told is 1 s (<c>dns_retr_time</c>).
/// </remarks>
internal sealed class MovementSince
{
    /// <summary>More than a resolver without an answer counts; asked of those whose work is the script, which may resolve names while it holds the table (<c>ds_is_from_list</c>).</summary>
    private const double SwitchesPerSecond = 3;

    /// <summary>Of any other process, which does little and rests in a way that is not known: it has been awake, and has gone to sleep again.</summary>
    private const double LeastSwitches = 3;

    /// <summary>More than a resolver without an answer computes; a worker that is overloaded by computing may have a processor for itself, and no switches.</summary>
    private const double ProcessorShare = 0.1;

    private readonly Dictionary<int, Movement?> _before = [];
    private readonly IProcessMovement _movement;
    private readonly TimeProvider _timeProvider;
    private readonly long _since;

    public MovementSince(IEnumerable<KamailioProcess> processes, IProcessMovement movement, TimeProvider timeProvider)
    {
        (_movement, _timeProvider, _since) = (movement, timeProvider, timeProvider.GetTimestamp());
        foreach (var process in processes)
        {
            _before[process.Pid] = movement.Read(process.Pid);
        }
    }

    public bool HasMoved(KamailioProcess process)
    {
        if (MaySweep(process) || _before.GetValueOrDefault(process.Pid) is not { } before || _movement.Read(process.Pid) is not { } now)
        {
            return false;
        }

        var elapsed = _timeProvider.GetElapsedTime(_since);
        return now.Switches - before.Switches >= (RunsRoutes(process) ? Math.Max(1, SwitchesPerSecond * elapsed.TotalSeconds) : LeastSwitches)
            || (now.Processor > before.Processor && now.Processor - before.Processor >= ProcessorShare * elapsed);
    }

    private static bool RunsRoutes(KamailioProcess process) => ProcessKinds.Of(process) is { IsKnown: true, Access: TableAccess.Routes or TableAccess.EventRoutes };

    /// <summary>
    /// The core's timers ping all destinations in one sweep, which holds the table and resolves a name for each. Whatever they count, they
    /// may be in the middle; and they rest after each tick, under an overload too.
    /// </summary>
    private static bool MaySweep(KamailioProcess process) => ProcessKinds.Of(process).Access is TableAccess.Sweeps or TableAccess.SecondarySweeps;
}
