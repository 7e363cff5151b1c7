using System.Globalization;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>What processes cost, by procfs.</summary>
internal static class ProcessCost
{
    /// <summary>USER_HZ, in which procfs tells processor time.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Processor time of one process, in seconds, in steps of 10 ms.</summary>
    public static double Seconds(int pid) => Seconds($"/proc/{pid}");

    /// <summary>The same of all processes of a group, as far as they are alive.</summary>
    public static double SecondsOfGroup(int group) =>
        Directory.EnumerateDirectories("/proc").Where(process => char.IsDigit(Path.GetFileName(process)[0]) && Fields(process) is [_, _, var of, ..] && of == group.ToString(CultureInfo.InvariantCulture)).Sum(Seconds);

    /// <summary>Resident memory, in megabytes of a million bytes.</summary>
    public static double Megabytes(int pid) =>
        1024e-6 * long.Parse(
            File.ReadLines($"/proc/{pid}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture);

    private static double Seconds(string process) =>
        Fields(process) is { Length: > 12 } fields
            ? (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond
            : 0;

    /// <summary>Those after the name, which may have anything in it: the third is the group, the 12th and 13th utime and stime. None of a process that has ended.</summary>
    private static string[] Fields(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "stat")).Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
