using System.Diagnostics;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Probe.Command;

/// <summary>Ends a process with the group that it leads.</summary>
internal static class ProcessGroup
{
    private const int SigKill = 9;
    private const int NoHang = 1;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Kills whatever is left of the group, and leaves no zombies of it.</summary>
    /// <param name="leader">It may have ended.</param>
    /// <param name="patience">For the kernel; what it cannot end in this time is left to it.</param>
    public static async Task EndAsync(Process leader, TimeSpan patience)
    {
        var group = leader.Id;
        using var deadline = new CancellationTokenSource(patience);
        // It fails when nothing is left, which is as well.
        _ = LibC.Kill(-group, SigKill);
        await leader.WaitForExitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // The leader is waited for by Process. Its children are nobody's, or ours where this process is the first one of a container: then
        // nobody else waits for them.
        while (leader.HasExited && !deadline.IsCancellationRequested)
        {
            var reaped = LibC.WaitPid(-group, nint.Zero, NoHang);
            if (reaped < 0)
            {
                return;
            }

            if (reaped == 0)
            {
                await Task.Delay(Pause, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }
}
