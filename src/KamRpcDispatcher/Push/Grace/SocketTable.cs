using System.Globalization;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>What kind of socket a descriptor of a process is, from the kernel's tables in <c>/proc/PID/net</c>.</summary>
internal static class SocketTable
{
    /// <summary>Whether the socket is a UDP socket bound to the port.</summary>
    public static bool IsUdpOnPort(int pid, ulong inode, int port) =>
        Lines(pid, "udp").Concat(Lines(pid, "udp6")).Any(columns =>
            columns.Length > 9
            && ulong.TryParse(columns[9], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number == inode
            && columns[1].Split(':') is [_, var hexadecimal]
            && int.TryParse(hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bound)
            && bound == port);

    /// <summary>Whether the socket is a Unix socket.</summary>
    public static bool IsUnix(int pid, ulong inode) =>
        Lines(pid, "unix").Any(columns =>
            columns.Length > 6 && ulong.TryParse(columns[6], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number == inode);

    private static IEnumerable<string[]> Lines(int pid, string table)
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

        return lines.Skip(1).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
}
