using KamailioRpc.Commands;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Finds processes of a Kamailio that answers which are stopped: they are at rest for the grace period, and do nothing.</summary>
internal static class StoppedProcesses
{
    /// <summary>A debugger that traces system calls stops a process for less, again and again.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromMilliseconds(200);

    /// <returns>None where Kamailio's processes are not seen from here.</returns>
    public static async Task<IReadOnlyList<KamailioProcess>> FindAsync(IReadOnlyList<KamailioProcess> processes, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        if (ProcessIdentity.Check(processes) is not null)
        {
            return [];
        }

        var stopped = processes.Where(IsStopped).ToList();
        if (stopped.Count > 0)
        {
            await Task.Delay(Doubt, timeProvider, cancellationToken).ConfigureAwait(false);
        }

        return stopped.FindAll(IsStopped);
    }

    private static bool IsStopped(KamailioProcess process) => ProcessState.IsStopped(ProcessState.Of(process.Pid));
}
