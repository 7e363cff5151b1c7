using System.Globalization;

namespace KamailioRpc.Transports.Fifo;

/// <summary>Who reads a FIFO. One that Kamailio made as root, before it became another user (<c>-u</c>), is root's, and Kamailio is not root.</summary>
internal static class FifoReader
{
    private const string Processes = "/proc";

    /// <summary>The last digit of the flags of what is open for writing alone.</summary>
    private const char WriteOnly = '1';

    /// <summary>The FIFO with its reader for its owner; null when no reader can be seen, as from another container.</summary>
    public static FileStatus? Find(FileStatus fifo)
    {
        foreach (var process in Directory.EnumerateDirectories(Processes))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id != Environment.ProcessId
                && IsReader(process, fifo) && Ids(process, "Uid:") is { } user && Ids(process, "Gid:") is { } group)
            {
                return fifo with { User = user, Group = group };
            }
        }

        return null;
    }

    private static bool IsReader(string process, FileStatus fifo)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd"))
                .Any(open => Posix.StatusOfTarget(open) is { } status && status.IsSameFile(fifo) && Flags(process, Path.GetFileName(open)) is [.., not WriteOnly]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or may not be examined.
            return false;
        }
    }

    private static string? Flags(string process, string descriptor) => Line(Path.Combine(process, "fdinfo", descriptor), "flags:");

    /// <summary>The id for files, the last one of the line. Whose the process's files in /proc are does not tell: after a change of user they are root's.</summary>
    private static uint? Ids(string process, string name)
    {
        try
        {
            return uint.TryParse(Line(Path.Combine(process, "status"), name)?.Split('\t')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Line(string path, string name) => File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
}
