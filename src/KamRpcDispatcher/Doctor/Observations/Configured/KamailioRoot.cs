using KamailioRpc.Commands;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Doctor.Observations.Configured;

/// <summary>Where the files of a Kamailio begin that has a root of its own, as in a container beside this one: its configuration is there, and not here.</summary>
internal static class KamailioRoot
{
    /// <returns>What to put before a path of Kamailio's: <c>/proc/PID/root</c>; empty where it has this process's root, or its own cannot be seen.</returns>
    public static string Of(IReadOnlyList<KamailioProcess>? processes)
    {
        // Of a stranger that has its id here nothing is read.
        if (processes?.FirstOrDefault(static process => process.IsMain) is not { } main || ProcessIdentity.Check(processes) is not null)
        {
            return string.Empty;
        }

        return Of(main.Pid);
    }

    /// <summary>The same of a process of this machine.</summary>
    public static string Of(int pid)
    {
        var root = FormattableString.Invariant($"/proc/{pid}/root");
        return FileStatus.Of(root + "/") is { } its && FileStatus.Of("/") is { } own && !its.IsSameFile(own) ? root : string.Empty;
    }
}
