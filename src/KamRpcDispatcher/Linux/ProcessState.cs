using System.Globalization;
using System.Text;

namespace KamRpcDispatcher.Linux;

/// <summary>What a process does, by the letter in <c>/proc/PID/stat</c>, which everybody may read: <c>S</c> waits, <c>R</c> computes ...</summary>
internal static class ProcessState
{
    /// <summary>Null when there is no such process here, or it is hidden.</summary>
    public static char? Of(int pid) => Text(pid, "stat") is { } line ? Read(line) : null;

    /// <summary>The processes of a program that have not ended.</summary>
    public static IReadOnlyList<int> Running(string program)
    {
        try
        {
            return [.. Directory.EnumerateDirectories("/proc").Select(static path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
                .Where(pid => pid > 0 && Text(pid, "comm")?.TrimEnd('\n') == program && Of(pid) is { } state && !HasEnded(state))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>What it was started with; empty when it has ended.</summary>
    public static IReadOnlyList<string> Arguments(int pid) => [.. (Text(pid, "cmdline") ?? string.Empty).Split('\0').SkipLast(1)];

    /// <summary>By SIGSTOP or a debugger: it does nothing until it is continued, and keeps its sockets and locks.</summary>
    public static bool IsStopped(char? state) => state is 'T' or 't';

    /// <summary>Whether it has ended, and only waits for its parent to take note of that (a zombie): it has no files, no sockets and no locks any more.</summary>
    public static bool HasEnded(char? state) => state is 'Z' or 'X' or 'x';

    /// <summary>Of "PID (name) S PPID ...": the name may hold spaces and parentheses.</summary>
    internal static char? Read(string line) => line.LastIndexOf(')') is >= 0 and var end && end + 2 < line.Length ? line[end + 2] : null;

    /// <summary>A file of a process; null when there is no such process here, or it is hidden.</summary>
    internal static string? Text(int pid, string file)
    {
        try
        {
            return File.ReadAllText(FormattableString.Invariant($"/proc/{pid}/{file}"), Encoding.UTF8);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
