using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Testing;

internal static partial class LibC
{
    /// <summary>kill(2). A negative <paramref name="pid"/> is a process group. Fails when the process is gone, which callers do not mind.</summary>
    [LibraryImport("libc", EntryPoint = "kill")]
    internal static partial int Kill(int pid, int signal);

    /// <summary>prctl(2).</summary>
    [LibraryImport("libc", EntryPoint = "prctl")]
    internal static partial int Prctl(int option, nint value);
}
