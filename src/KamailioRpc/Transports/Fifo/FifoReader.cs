using System.Globalization;

namespace KamailioRpc.Transports.Fifo;

/// <summary>Who reads a FIFO. One that Kamailio made as root, before it became another user (<c>-u</c>), is root's, and Kamailio is not root.</summary>
internal static class FifoReader
{
    private const string Processes = "/proc";

    /// <summary>Processes of this name are looked at first: all those of a machine may have thousands of files open, and a start waits for this.</summary>
    private const string Likely = "kamailio";

    /// <summary>The last digit of the flags of what is open for writing alone.</summary>
    private const char WriteOnly = '1';

    /// <summary>Who read the last one: the first to be asked again.</summary>
    private static volatile string? _last;

    /// <summary>The FIFO with its reader for its owner; null when no reader can be seen, as from another container.</summary>
    public static FileStatus? Find(FileStatus fifo)
    {
        var known = _last is { } last ? new[] { last } : [];
        var all = Directory.EnumerateDirectories(Processes)
            .Where(static process => int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id != Environment.ProcessId);
        foreach (var process in known.Concat(all.Where(IsLikely)).Concat(all.Where(static process => !IsLikely(process))))
        {
            if (IsReader(process, fifo) && Id(process, "Uid:") is { } user && Id(process, "Gid:") is { } group)
            {
                _last = process;
                return fifo with { User = user, Group = group };
            }
        }

        return null;
    }

    private static bool IsLikely(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "comm")).AsSpan().TrimEnd('\n').SequenceEqual(Likely);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
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
    private static uint? Id(string process, string name)
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
