using System.Globalization;

namespace KamRpcDispatcher.Processes;

/// <summary>Reads in procfs how much a process has done; anybody may, unless procfs is mounted with hidepid.</summary>
internal sealed class ProcessMovement : IProcessMovement
{
    private const string Voluntary = "voluntary_ctxt_switches:";
    private const string Involuntary = "nonvoluntary_ctxt_switches:";

    /// <summary>Where the time is in <c>/proc/PID/stat</c>, behind the name: fields 14 and 15.</summary>
    private const int UserTime = 11;

    /// <summary>The kernel tells times in hundredths of a second on every architecture that .NET runs on (USER_HZ).</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    public Movement? Read(int pid)
    {
        try
        {
            return new Movement(Directory.EnumerateDirectories($"/proc/{pid}/task").Sum(Switches), Processor(pid));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            // It, or a thread of it, has just ended.
            return null;
        }
    }

    private static long Switches(string thread) => File.ReadLines(Path.Combine(thread, "status")).Sum(static line =>
        line.StartsWith(Voluntary, StringComparison.Ordinal) ? Number(line.AsSpan(Voluntary.Length))
        : line.StartsWith(Involuntary, StringComparison.Ordinal) ? Number(line.AsSpan(Involuntary.Length))
        : 0);

    private static TimeSpan Processor(int pid)
    {
        // "PID (name) S PPID ...": the name may hold spaces and parentheses.
        var status = File.ReadAllText($"/proc/{pid}/stat");
        var fields = status[(status.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > UserTime + 1
            ? Tick * (Number(fields[UserTime]) + Number(fields[UserTime + 1]))
            : throw new FormatException("no times in /proc/PID/stat");
    }

    private static long Number(ReadOnlySpan<char> text) => long.Parse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
}
