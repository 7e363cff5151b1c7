using KamailioRpc.Commands;
using KamRpcDispatcher.Push.Grace.Processes;

namespace KamRpcDispatcher.Push.Grace.Views;

/// <summary>What the views have in common: a process is at rest when it reads nothing of the table, or when each of its threads is.</summary>
internal static class ProcessLook
{
    /// <param name="process">The process.</param>
    /// <param name="use">What its configuration lets happen.</param>
    /// <param name="lookAtThread">Looks at a thread of it: the kind of the process, the thread's id, and what proves that it is at rest.</param>
    public static Sight At(KamailioProcess process, TableUse use, Func<ProcessKind, int, KernelWait, Sight> lookAtThread)
    {
        var kind = ProcessKinds.Of(process);
        if (RestRules.ReadsNothing(kind, use))
        {
            return ProcFile.ReadLine(process.Pid, "comm", out var trouble) is null ? trouble : Sight.AtRest;
        }

        var proofs = RestRules.Proofs(kind, use);
        var sight = lookAtThread(kind, process.Pid, proofs);
        if (sight != Sight.AtRest)
        {
            // One that has ended is listed until its parent takes note, and is in no system call any more.
            return sight == Sight.Busy && ProcFile.HasEnded(process.Pid) ? Sight.Gone : sight;
        }

        foreach (var thread in ProcFile.Threads(process.Pid))
        {
            // One that has ended holds nothing.
            if (thread != process.Pid && lookAtThread(kind, thread, proofs) is (Sight.Busy or Sight.Hidden) and var other)
            {
                return other;
            }
        }

        return Sight.AtRest;
    }
}
