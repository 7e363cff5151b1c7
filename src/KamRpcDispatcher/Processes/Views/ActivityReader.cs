using KamailioRpc.Commands;

namespace KamRpcDispatcher.Processes.Views;

/// <summary>What the views have in common: a process is at rest when it reads nothing of the table, or when each of its threads is.</summary>
internal static class ActivityReader
{
    /// <param name="process">The process.</param>
    /// <param name="use">What its configuration lets happen.</param>
    /// <param name="readThread">Reads a thread of it: the kind of the process, the thread's id, and what proves that it is at rest.</param>
    public static ProcessActivity At(KamailioProcess process, TableUse use, Func<ProcessKind, int, KernelWait, ProcessActivity> readThread)
    {
        var kind = ProcessKinds.Of(process);
        if (RestRules.ReadsNothing(kind, use))
        {
            return ProcFile.ReadLine(process.Pid, "comm", out var trouble) is null ? trouble : ProcessActivity.AtRest;
        }

        var proofs = RestRules.Proofs(kind, use);
        var activity = readThread(kind, process.Pid, proofs);
        if (activity != ProcessActivity.AtRest)
        {
            // One that has ended is listed until its parent takes note, and is in no system call any more.
            return activity == ProcessActivity.Busy && ProcFile.HasEnded(process.Pid) ? ProcessActivity.Gone : activity;
        }

        foreach (var thread in ProcFile.Threads(process.Pid))
        {
            // One that has ended holds nothing.
            if (thread != process.Pid && readThread(kind, thread, proofs) is (ProcessActivity.Busy or ProcessActivity.Hidden) and var other)
            {
                return other;
            }
        }

        return ProcessActivity.AtRest;
    }
}
