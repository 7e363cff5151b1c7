using System.Runtime.CompilerServices;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>
/// The limit on addresses (<c>ulimit -v</c>): the runtime asks for far more of them than it uses memory, for its heap and for the stack of each
/// thread, and aborts the process when there are none. And the limit on open files (<c>ulimit -n</c>).
/// </summary>
internal static class AddressSpace
{
    /// <summary>With 300 MB a command that answers ends well; a daemon has some threads more.</summary>
    private const ulong Least = 512UL * 1024 * 1024;

    /// <summary>So many have to be free still, whatever whoever started the process has left open, with some for a connection.</summary>
    private const ulong LeastFree = 10;

    /// <summary>The same where the program is not native: the runtime opens a file for each part of it.</summary>
    private const ulong LeastFreeOfRuntime = 100;

    /// <summary>Above that nobody has to count.</summary>
    private const ulong Plenty = 256;

    private const string OwnDescriptors = "/proc/self/fd";

    private const int DescriptorLimit = 7;
    private const int AddressSpaceLimit = 9;
    private const int StandardError = 2;

    /// <summary>How many files and sockets the process may have open; more than anybody needs where nothing is known of it.</summary>
    public static ulong Descriptors => LibC.GetLimit(DescriptorLimit, out var descriptors) == 0 ? descriptors.Current : ulong.MaxValue;

    /// <summary>Null when there is enough, or nothing is known of it.</summary>
    public static string? WhyNot() =>
        (LibC.GetLimit(AddressSpaceLimit, out var addresses) == 0 ? WhyNot(addresses.Current) : null)
        ?? (LibC.GetLimit(DescriptorLimit, out var descriptors) == 0 && descriptors.Current <= Plenty
            ? WhyTooFew(descriptors.Current, Open(descriptors.Current), RuntimeFeature.IsDynamicCodeSupported ? LeastFreeOfRuntime : LeastFree)
            : null);

    /// <param name="descriptors">How many there may be.</param>
    /// <param name="open">How many of them there are already.</param>
    /// <param name="needed">How many more are needed.</param>
    internal static string? WhyTooFew(ulong descriptors, ulong open, ulong needed) => descriptors >= open + needed
        ? null
        : $"kamrpc: this process may have {descriptors} open files only, of which {open} are open before it begins, and needs {needed} more to start, and one for each connection: ulimit -n 1024, or LimitNOFILE=1024 in its unit";

    /// <summary>How many files are open; all that there may be where there is none left to read with, and 0 where nothing is known of it.</summary>
    private static ulong Open(ulong limit)
    {
        try
        {
            // One of them is what this reads with; those of before a limit was set may be above it.
            return (ulong)Directory.EnumerateFileSystemEntries(OwnDescriptors).LongCount(entry => ulong.TryParse(Path.GetFileName(entry), out var number) && number < limit) - 1;
        }
        catch (Exception exception) when (exception is DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return 0;
        }
        catch (IOException)
        {
            return limit;
        }
    }

    /// <summary>Writes a line to standard error without the runtime's console, which needs what there is too little of.</summary>
    public static void Tell(string line)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(line + "\n");
        _ = LibC.Write(StandardError, bytes, bytes.Length);
    }

    internal static string? WhyNot(ulong limit) => limit >= Least
        ? null
        : $"kamrpc: this process may have addresses for {limit / 1024 / 1024} MB only, and needs {Least / 1024 / 1024} MB of them (which is not memory): ulimit -v unlimited, or LimitAS=infinity in its unit";
}
