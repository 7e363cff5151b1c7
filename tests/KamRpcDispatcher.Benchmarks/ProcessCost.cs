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
        // The fields after the name, which may have anything in it: utime and stime are the 12th and 13th of them.
        var fields = File.ReadAllText($"/proc/{pid}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        var status = $"/proc/{pid}/status";
        return new ProcessCost(Read(status, "RssAnon:"), Read(status, "RssFile:"), Read($"/proc/{pid}/smaps_rollup", "Pss:"), (int)Read(status, "Threads:"), TimeSpan.FromSeconds(ticks / TicksPerSecond));
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
}
