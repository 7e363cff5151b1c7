using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli;

/// <summary>
/// The limit on addresses (<c>ulimit -v</c>): the runtime asks for far more of them than it uses memory, for its heap and for the stack of each
/// thread, and aborts the process when there are none.
/// </summary>
internal static partial class AddressSpace
{
    /// <summary>With 300 MB a command that answers ends well; a daemon has some threads more.</summary>
    private const ulong Least = 512UL * 1024 * 1024;

    private const int AddressSpaceLimit = 9;

    /// <summary>Null when there is enough, or nothing is known of it.</summary>
    public static string? WhyNot() => GetLimit(AddressSpaceLimit, out var limit) == 0 ? WhyNot(limit.Current) : null;

    internal static string? WhyNot(ulong limit) => limit >= Least
        ? null
        : $"kamrpc: this process may have addresses for {limit / 1024 / 1024} MB only, and needs {Least / 1024 / 1024} MB of them (which is not memory): ulimit -v unlimited, or LimitAS=infinity in its unit";

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Current;
        public ulong Most;
    }
}
