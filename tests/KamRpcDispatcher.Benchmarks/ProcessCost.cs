using System.Globalization;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>What a process takes, as procfs tells it: memory in KiB, processor time since its start.</summary>
/// <param name="Anonymous">Resident memory of its own (RssAnon).</param>
/// <param name="OfFiles">Resident pages of its program's and libraries' files (RssFile), which the kernel shares and may take back.</param>
/// <param name="Proportional">All of it, with what is shared counted by its share (Pss).</param>
/// <param name="Threads">How many threads it has.</param>
/// <param name="Processor">User and system time.</param>
internal sealed record ProcessCost(long Anonymous, long OfFiles, long Proportional, int Threads, TimeSpan Processor)
{
    /// <summary>USER_HZ, in which procfs tells processor time.</summary>
    private const double TicksPerSecond = 100;

    public static ProcessCost Of(int pid)
    {
        var status = $"/proc/{pid}/status";
        return new ProcessCost(Read(status, "RssAnon:"), Read(status, "RssFile:"), Read($"/proc/{pid}/smaps_rollup", "Pss:"), (int)Read(status, "Threads:"), TimeSpan.FromSeconds(Seconds(pid)));
    }

    /// <summary>The memory, and the share of a core since an earlier look.</summary>
    /// <param name="before">The earlier look.</param>
    /// <param name="time">How long ago that was.</param>
    public string Since(ProcessCost before, TimeSpan time) => string.Create(CultureInfo.InvariantCulture,
        $"{100 * (Processor - before.Processor) / time:0.00} % of a core over {time.TotalSeconds:0} s; {this}");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{(Anonymous + OfFiles) / 1024.0:0.0} MiB resident ({Anonymous / 1024.0:0.0} its own, {OfFiles / 1024.0:0.0} of files), Pss {Proportional / 1024.0:0.0} MiB, {Threads} threads");

    private static long Read(string file, string name) =>
        long.Parse(File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

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
