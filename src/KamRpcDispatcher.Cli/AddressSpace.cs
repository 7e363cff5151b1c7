using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli;

/// <summary>
/// The limit on addresses (<c>ulimit -v</c>): the runtime asks for far more of them than it uses memory, for its heap and for the stack of each
/// thread, and aborts the process when there are none. And the limit on open files (<c>ulimit -n</c>).
/// </summary>
internal static partial class AddressSpace
{
    /// <summary>With 300 MB a command that answers ends well; a daemon has some threads more.</summary>
    private const ulong Least = 512UL * 1024 * 1024;

    /// <summary>The runtime takes a dozen for itself, before any connection.</summary>
    private const ulong LeastDescriptors = 16;

    private const int DescriptorLimit = 7;
    private const int AddressSpaceLimit = 9;
    private const int StandardError = 2;

    /// <summary>Null when there is enough, or nothing is known of it.</summary>
    public static string? WhyNot() =>
        (GetLimit(AddressSpaceLimit, out var addresses) == 0 ? WhyNot(addresses.Current) : null)
        ?? (GetLimit(DescriptorLimit, out var descriptors) == 0 ? WhyTooFew(descriptors.Current) : null);

    internal static string? WhyTooFew(ulong descriptors) => descriptors >= LeastDescriptors
        ? null
        : $"kamrpc: this process may have {descriptors} open files only, and needs {LeastDescriptors} to start, and one for each connection: ulimit -n 1024, or LimitNOFILE=1024 in its unit";

    /// <summary>Writes a line to standard error without the runtime's console, which needs what there is too little of.</summary>
    public static void Tell(string line)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(line + "\n");
        _ = Write(StandardError, bytes, bytes.Length);
    }

    internal static string? WhyNot(ulong limit) => limit >= Least
        ? null
        : $"kamrpc: this process may have addresses for {limit / 1024 / 1024} MB only, and needs {Least / 1024 / 1024} MB of them (which is not memory): ulimit -v unlimited, or LimitAS=infinity in its unit";

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, byte[] bytes, nint count);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Current;
        public ulong Most;
    }
}
