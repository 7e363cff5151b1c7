using System.Diagnostics;
using System.Globalization;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A shell that waits for the end of this process, whatever ends it, and then kills a process group. It reads from a pipe that
/// only this process holds open. (prctl's death signal would not do: it fires when the starting thread ends.)
/// </summary>
internal sealed class Reaper(int group) : IDisposable
{
    private readonly Process _shell = Process.Start(new ProcessStartInfo(
        "setsid", ["/bin/sh", "-c", "read -r _ || kill -s KILL -- -$0", group.ToString(CultureInfo.InvariantCulture)])
    {
        RedirectStandardInput = true,
    })!;

    /// <summary>Lets go of the group: there is nothing left to kill.</summary>
    public void Dispose()
    {
        _shell.StandardInput.Write('\n');
        _shell.StandardInput.Flush();
        _shell.Dispose();
    }
}
