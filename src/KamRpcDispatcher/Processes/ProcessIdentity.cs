using System.Globalization;
using KamailioRpc.Commands;

namespace KamRpcDispatcher.Processes;

/// <summary>
/// Makes sure that the ids which Kamailio tells are its processes here: in a container with PIDs of its own they are somebody else's,
/// and a stranger at rest proves nothing.
/// </summary>
internal static class ProcessIdentity
{
    /// <summary>Null when all are one program's, the main process and its children.</summary>
    public static string? Check(IReadOnlyList<KamailioProcess> processes)
    {
        if (processes.FirstOrDefault(static process => process.IsMain) is not { } main)
        {
            return "core.psx lists no main process";
        }

        var name = ProcFile.ReadLine(main.Pid, "comm", out var activity);
        if (name is null)
        {
            return activity == ProcessActivity.Hidden ? "procfs hides Kamailio's processes (hidepid)" : OtherNamespace;
        }

        // For a moment only where it has just ended, and Kamailio is about to.
        if (processes.FirstOrDefault(static process => (ProcFile.ReadLine(process.Pid, "comm", out var its) is null && its == ProcessActivity.Gone) || ProcFile.HasEnded(process.Pid)) is { } ended)
        {
            return FormattableString.Invariant($"'{ended.Description}' (PID {ended.Pid}) is not here: it has ended, or kamrpc is to be run in Kamailio's PID namespace");
        }

        return processes.Any(process => ProcFile.ReadLine(process.Pid, "comm", out _) != name || (process != main && Parent(process.Pid) != main.Pid))
            ? OtherNamespace
            : null;
    }

    private static string OtherNamespace => "Kamailio's processes are not here: run kamrpc in Kamailio's PID namespace";

    private static int? Parent(int pid)
    {
        // "PID (name) S PPID ...": the name may hold spaces and parentheses.
        var status = ProcFile.ReadLine(pid, "stat", out _);
        var fields = status?[(status.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields is [_, var parent, ..] && int.TryParse(parent, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
