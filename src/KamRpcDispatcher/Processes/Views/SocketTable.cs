using System.Globalization;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Processes.Views;

/// <summary>What kind of socket a descriptor of a process is, from the kernel's tables in <c>/proc/PID/net</c>.</summary>
internal static partial class SocketTable
{
    private const int NameService = 53;
    private const string Connecting = "02";

    /// <summary>The number in a descriptor's target, such as <c>socket:[4711]</c>; null when it is no socket.</summary>
    public static ulong? Inode(string? target) =>
        target is not null && SocketTarget().Match(target) is { Success: true } match && ulong.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var inode) ? inode : null;

    /// <summary>Whether the socket is a UDP socket bound to the port.</summary>
    public static bool IsUdpOnPort(int pid, ulong inode, int port) =>
        Udp(pid).Any(columns => Number(columns, 9) == inode && Port(columns, 1) == port);

    /// <summary>Whether the socket is a UDP socket.</summary>
    public static bool IsUdp(int pid, ulong inode) => Udp(pid).Any(columns => Number(columns, 9) == inode);

    /// <summary>Whether the socket is a Unix socket.</summary>
    public static bool IsUnix(int pid, ulong inode) => Lines(pid, "unix").Any(columns => Number(columns, 6) == inode);

    /// <summary>
    /// Whether a process has a socket by which it may be asking a name server, or one that is just being connected. True when its
    /// descriptors cannot be read.
    /// </summary>
    public static bool MayBeResolvingOrConnecting(int pid)
    {
        if (ProcFile.Descriptors(pid) is not { } descriptors)
        {
            return true;
        }

        var inodes = descriptors.Select(descriptor => Inode(ProcFile.ReadDescriptor(pid, descriptor))).OfType<ulong>().ToHashSet();
        return Udp(pid).Any(columns => Port(columns, 2) == NameService && Number(columns, 9) is { } inode && inodes.Contains(inode))
            || Lines(pid, "tcp", IsOfInterest).Concat(Lines(pid, "tcp6", IsOfInterest)).Any(columns =>
                columns.Length > 3 && (columns[3] == Connecting || Port(columns, 2) == NameService) && Number(columns, 9) is { } inode && inodes.Contains(inode));
    }

    /// <summary>Few of the thousands of connections that there may be are taken apart.</summary>
    private static bool IsOfInterest(string line) =>
        line.Contains($" {Connecting} ", StringComparison.Ordinal) || line.Contains(FormattableString.Invariant($":{NameService:X4} "), StringComparison.Ordinal);

    private static IEnumerable<string[]> Udp(int pid) => Lines(pid, "udp").Concat(Lines(pid, "udp6"));

    private static ulong? Number(string[] columns, int column) =>
        columns.Length > column && ulong.TryParse(columns[column], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The port of an address such as <c>0100007F:13C4</c>.</summary>
    private static int? Port(string[] columns, int column) =>
        columns.Length > column && columns[column].Split(':') is [_, var hexadecimal]
        && int.TryParse(hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port) ? port : null;

    private static IEnumerable<string[]> Lines(int pid, string table, Func<string, bool>? isOfInterest = null)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines($"/proc/{pid}/net/{table}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }

        return lines.Skip(1).Where(line => isOfInterest?.Invoke(line) ?? true).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [GeneratedRegex(@"^socket:\[([0-9]{1,19})\]$")]
    private static partial Regex SocketTarget();
}
