using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>The system calls that a process needs for itself: on numbers of files that .NET would close, and before there is room for anything else.</summary>
internal static unsafe partial class LibC
{
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup3")]
    public static partial int Duplicate(int from, int to, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    public static partial int Control(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "write")]
    public static partial nint Write(int descriptor, byte[] bytes, nint count);

    [LibraryImport("libc", EntryPoint = "poll")]
    public static partial int Poll(PolledDescriptor* descriptors, nuint count, int timeout);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    public static partial int GetLimit(int resource, out Limit limit);

    /// <returns>A descriptor; negative where it cannot be.</returns>
    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateMemoryFile(string name, uint flags);

    /// <param name="signal">A signal.</param>
    /// <param name="disposition">What it does: 1 for nothing.</param>
    [LibraryImport("libc", EntryPoint = "signal")]
    public static partial nint SetSignal(int signal, nint disposition);

    /// <summary>What the kernel has told the process at its start.</summary>
    [LibraryImport("libc", EntryPoint = "getauxval")]
    public static partial nuint GetAuxiliary(ulong kind);

    /// <summary>With the environment that libc has: the one in procfs may not be read where the program has file capabilities.</summary>
    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Execute(string program, nint* arguments);

    [LibraryImport("libc", EntryPoint = "madvise")]
    public static partial int Advise(nuint start, nuint length, int advice);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PolledDescriptor
    {
        public int Number;
        public short Wanted;
        public short Seen;
    }

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Limit
    {
        public ulong Current;
        public ulong Most;
    }
}
