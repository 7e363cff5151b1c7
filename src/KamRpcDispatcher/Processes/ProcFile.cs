using System.Globalization;
using System.Text;

namespace KamRpcDispatcher.Processes;

/// <summary>Reads small files of procfs, often.</summary>
internal static class ProcFile
{
    private const int LongestLine = 512;
    private const int LongestStatus = 4096;

    /// <summary>The first line of a file of a process; <paramref name="activity"/> says why there is none.</summary>
    public static string? ReadLine(int pid, string name, out ProcessActivity activity)
    {
        var text = Read(pid, name, stackalloc byte[LongestLine], out activity);
        var end = text?.IndexOf('\n', StringComparison.Ordinal) ?? -1;
        return end < 0 ? text : text![..end];
    }

    /// <summary>
    /// Whether a process has ended with all its threads, and is listed only until its parent takes note of that: it is in no system call, and
    /// holds nothing any more.
    /// </summary>
    public static bool HasEnded(int pid) =>
        ReadLine(pid, "stat", out _) is { } line && line.LastIndexOf(')') is >= 0 and var end && end + 2 < line.Length && line[end + 2] is 'Z' or 'X' or 'x' && Threads(pid).Count <= 1;

    /// <summary>The ids of a process's threads, most often its own alone; empty when it has ended or cannot be seen.</summary>
    public static IReadOnlyList<int> Threads(int pid)
    {
        try
        {
            return [.. Directory.EnumerateDirectories($"/proc/{pid}/task").Select(static path => int.Parse(Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>How often a thread has left a processor: while that does not change, it has stayed in one wait. Null when it cannot be read.</summary>
    public static long? ContextSwitches(int pid, int thread)
    {
        if (Read(pid, $"task/{thread}/status", stackalloc byte[LongestStatus], out _) is not { } status)
        {
            return null;
        }

        long? sum = null;
        foreach (var line in status.AsSpan().EnumerateLines())
        {
            var colon = line.IndexOf(':');
            if (colon > 0 && line[..colon].EndsWith("_ctxt_switches", StringComparison.Ordinal)
                && long.TryParse(line[(colon + 1)..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                sum = (sum ?? 0) + count;
            }
        }

        return sum;
    }

    /// <summary>The target of a descriptor, such as <c>socket:[4711]</c>; null when it cannot be read.</summary>
    public static string? ReadDescriptor(int pid, ulong descriptor)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{pid}/fd/{descriptor}", returnFinalTarget: false) is { } target
                ? target.FullName.Contains(":[", StringComparison.Ordinal) ? target.Name : target.FullName
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The numbers of a process's descriptors; null when they cannot be read.</summary>
    public static IReadOnlyList<ulong>? Descriptors(int pid)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Select(static path => ulong.Parse(Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The descriptors that an epoll instance of a process watches; null when that cannot be read.</summary>
    public static IReadOnlyList<ulong>? Polled(int pid, ulong epoll)
    {
        try
        {
            // "tfd:        5 events:       19 data:  ..."
            return
            [
                .. File.ReadLines($"/proc/{pid}/fdinfo/{epoll}").Where(static line => line.StartsWith("tfd:", StringComparison.Ordinal))
                    .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Select(static fields => fields.Length > 1 && ulong.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor) ? descriptor : (ulong?)null).OfType<ulong>(),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Read(int pid, string name, Span<byte> buffer, out ProcessActivity activity)
    {
        activity = ProcessActivity.Busy;
        try
        {
            using var file = File.OpenHandle($"/proc/{pid}/{name}");
            return Encoding.UTF8.GetString(buffer[..RandomAccess.Read(file, buffer, 0)]);
        }
        catch (UnauthorizedAccessException)
        {
            activity = ProcessActivity.Hidden;
        }
        catch (IOException)
        {
            // No such process: the file is not there, or reading it fails (ESRCH) since the process ended after it was opened.
            activity = ProcessActivity.Gone;
        }

        return null;
    }
}
