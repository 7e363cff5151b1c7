using System.Globalization;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Doctor.Observations.Host;

/// <summary>One process, as procfs shows it to everybody.</summary>
/// <param name="Pid">Its id here.</param>
/// <param name="Parent">Its parent's.</param>
/// <param name="State">What it does: <c>S</c> waits, <c>R</c> computes, <c>T</c> is stopped ...</param>
/// <param name="Started">When it was started; null when that is not known.</param>
internal sealed record ProcessEntry(int Pid, int Parent, char State, DateTime? Started)
{
    /// <summary>Of the times in /proc/PID/stat, on every architecture (USER_HZ).</summary>
    private const double TicksASecond = 100;

    private static readonly DateTime? Boot = ReadBoot();

    public bool IsStopped => ProcessState.IsStopped(State);

    /// <summary>Empty when it has ended.</summary>
    public IReadOnlyList<string> Arguments => ProcessState.Arguments(Pid);

    /// <summary>Every process of a program that has not ended.</summary>
    public static IReadOnlyList<ProcessEntry> All(string program) =>
        [.. ProcessState.Running(program).Select(static pid => ProcFile.ReadLine(pid, "stat", out _) is { } line ? Read(pid, line) : null).OfType<ProcessEntry>()];

    /// <summary>Reads a line of /proc/PID/stat, "PID (name) S PPID ...": the name may hold spaces and parentheses.</summary>
    internal static ProcessEntry? Read(int pid, string line)
    {
        // The start is field 22, which makes it the 20th after the name.
        var fields = line[(line.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields is [[var state], var parent, ..] && int.TryParse(parent, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new ProcessEntry(pid, number, state, fields.Length > 19 && double.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? Boot?.AddSeconds(ticks / TicksASecond) : null)
            : null;
    }

    private static DateTime? ReadBoot()
    {
        try
        {
            var line = File.ReadLines("/proc/stat").FirstOrDefault(static line => line.StartsWith("btime ", StringComparison.Ordinal));
            return long.TryParse(line?.Split(' ')[1], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
