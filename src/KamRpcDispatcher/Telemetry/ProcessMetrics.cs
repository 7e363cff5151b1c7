using System.Diagnostics;
using System.Reflection;

namespace KamRpcDispatcher.Telemetry;

/// <summary>What every daemon tells of itself: which build it is, and what the process takes.</summary>
internal static class ProcessMetrics
{
    private const string Descriptors = "/proc/self/fd";

    private static readonly DateTime Started = StartTime();

    public static void AddTo(TelemetryMeter meter)
    {
        var (version, commit) = Build();
        meter.Gauge("kamrpc_build_info", "Which build of kamrpc this is; always 1.", () => [TelemetryMeter.Of(1, new("version", version), new("commit", commit))]);
        meter.Counter("kamrpc_process_cpu_seconds_total", "Processor time that the process has used.", static () => Environment.CpuUsage.TotalTime.TotalSeconds);
        meter.Gauge("kamrpc_process_resident_memory_bytes", "Memory of the process that is resident.", static () => Environment.WorkingSet);
        meter.Gauge("kamrpc_process_heap_bytes", "Memory that the runtime has for objects.", static () => GC.GetTotalMemory(forceFullCollection: false));
        meter.Gauge("kamrpc_process_start_time_seconds", "When the process was started, in seconds since 1970.", static () => (Started - DateTime.UnixEpoch).TotalSeconds);
        meter.Gauge("kamrpc_process_open_files", "Open files and sockets of the process.", static () => OpenFiles());
    }

    /// <summary>The version and the commit of the build; <c>unknown</c> where the build did not say it.</summary>
    internal static (string Version, string Commit) Build()
    {
        var text = typeof(ProcessMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        var parts = text.Split('+', 2);
        return (parts[0], parts.Length > 1 ? parts[1] : "unknown");
    }

    private static DateTime StartTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.StartTime.ToUniversalTime();
    }

    private static double? OpenFiles()
    {
        try
        {
            // One of them is what this reads with.
            return Directory.EnumerateFileSystemEntries(Descriptors).Count() - 1;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
