using System.Runtime.InteropServices;
using KamailioRpc.Commands;

namespace KamRpcDispatcher.Processes.Views;

/// <summary>
/// Sees in <c>/proc/PID/wchan</c> in which function of the kernel a process waits: less than <see cref="SystemCallView"/>, but allowed
/// between processes of one user where Yama hides the calls (<c>ptrace_scope=1</c>, Ubuntu's default).
/// </summary>
/// <remarks>
/// A wait that may be one of several is rest when each of them is. Poll and select look alike, and a resolver waits in poll: for timers,
/// commands and event routes, which wait for nothing else there, its sockets tell (Yama does not hide those); for whoever runs routes nothing does,
/// unless the configuration is known to let nothing wait inside.
/// </remarks>
/// <param name="tableUse">What Kamailio's configuration lets happen, now.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class WaitChannelView(Func<TableUse> tableUse, TimeProvider timeProvider) : IProcessView
{
    private readonly LongWaits _longWaits = new(timeProvider);

    /// <summary>For a Kamailio whose configuration is not known.</summary>
    public WaitChannelView()
        : this(static () => TableUse.Unknown, TimeProvider.System)
    {
    }

    public string Name => "wchan";

    public string? Check(IReadOnlyList<KamailioProcess> processes)
    {
        _longWaits.Clear();

        // What is hidden reads "0", as does a process that runs; not all of them run at once.
        return processes.Any(static process => ProcFile.ReadLine(process.Pid, "wchan", out _) is { Length: > 1 })
            ? null
            : $"/proc/PID/wchan tells nothing: {Capabilities.Advice(processes.Count > 0 ? processes[0].Pid : 0, "run kamrpc as Kamailio's user or root")}";
    }

    public ProcessActivity ActivityOf(KamailioProcess process) => ActivityReader.At(process, tableUse(), (kind, thread, proofs) =>
    {
        if (ProcFile.ReadLine(process.Pid, $"task/{thread}/wchan", out var activity) is not { } function)
        {
            return activity;
        }

        var isAtRest = Judge(kind, function, proofs, RuntimeInformation.OSArchitecture) switch
        {
            RestProof.Proved => true,
            RestProof.ByDuration => IsLong(process.Pid, thread),
            RestProof.BySockets => IsWaitingForNobody(process.Pid, thread),
            _ => false,
        };
        return isAtRest ? ProcessActivity.AtRest : ProcessActivity.Busy;
    });

    /// <summary>What else is to be read when a process of the kind waits in the function.</summary>
    internal static RestProof Judge(ProcessKind kind, string function, KernelWait proofs, Architecture architecture)
    {
        var wait = WaitChannels.Of(function);
        if (wait == KernelWait.Futex)
        {
            return kind.RestsInLock ? RestProof.ByDuration : RestProof.None;
        }

        if (wait != KernelWait.Other && (wait & ~proofs) == 0)
        {
            return RestProof.Proved;
        }

        // There is no pause(2) on arm64: the C library calls ppoll without descriptors.
        var polled = architecture == Architecture.Arm64 && (wait & KernelWait.Poll) != 0 ? wait | KernelWait.Pause : wait;
        return (wait & WaitChannels.PollOrSelect) != 0 && (polled & proofs) != 0 && kind.Access != TableAccess.Routes ? RestProof.BySockets : RestProof.None;
    }

    private bool IsLong(int pid, int thread) =>
        ProcFile.ContextSwitches(pid, thread) is { } switches
        && ProcFile.ReadLine(pid, $"task/{thread}/wchan", out _) is { } function && WaitChannels.Of(function) == KernelWait.Futex
        && _longWaits.IsLong(thread, function, switches);

    /// <summary>Whether it has no socket on which a resolver would wait, all through one wait in poll or select.</summary>
    private static bool IsWaitingForNobody(int pid, int thread) =>
        ProcFile.ContextSwitches(pid, thread) is { } before
        && ProcFile.ReadLine(pid, $"task/{thread}/wchan", out _) is { } function && (WaitChannels.Of(function) & WaitChannels.PollOrSelect) != 0
        && !SocketTable.MayBeResolvingOrConnecting(pid)
        && ProcFile.ContextSwitches(pid, thread) == before;
}

/// <summary>What proves that a process waits at rest.</summary>
internal enum RestProof
{
    /// <summary>Nothing: it may hold the table.</summary>
    None,

    /// <summary>The wait itself.</summary>
    Proved,

    /// <summary>The wait, when it is a long one.</summary>
    ByDuration,

    /// <summary>The wait, when no socket is there that a resolver waits on.</summary>
    BySockets,
}
