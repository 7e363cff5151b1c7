using System.Globalization;

namespace KamRpcDispatcher.Processes;

/// <summary>The capabilities of processes, capabilities(7), as <c>/proc/PID/status</c> tells everybody.</summary>
internal static class Capabilities
{
    private const int Trace = 19;

    private static readonly string[] Names =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK",
        "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
        "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    /// <summary>
    /// What another process may and this one may not: it keeps this one from seeing what the other does, though both are of one user (ptrace(2), access mode checking). Empty for
    /// nothing, and where it cannot be told.
    /// </summary>
    public static IReadOnlyList<string> Missing(int pid) =>
        Read(pid.ToString(CultureInfo.InvariantCulture), "CapPrm:") is { } its && Read("self", "CapEff:") is { } own ? Missing(its, own) : [];

    internal static IReadOnlyList<string> Missing(ulong its, ulong own) =>
        (own >> Trace & 1) == 1 ? [] : [.. Names.Where((_, bit) => ((its & ~own) >> bit & 1) == 1).Select(static name => "CAP_" + name)];

    /// <summary>What to do where nothing else is known: "run kamrpc as ...".</summary>
    /// <param name="pid">The process.</param>
    /// <param name="otherwise">What to do where it is not for want of capabilities.</param>
    public static string Advice(int pid, string otherwise) => Setting(Missing(pid)) is { } setting
        ? $"Kamailio has capabilities that kamrpc has not: {setting} in the unit of kamrpc dispatch too"
        : otherwise;

    /// <summary>The lines of systemd's that give them; null where none is missing.</summary>
    public static string? Setting(IReadOnlyList<string> missing) => missing.Count == 0 ? null : $"AmbientCapabilities={string.Join(' ', missing)} and CapabilityBoundingSet={string.Join(' ', missing)}";

    private static ulong? Read(string process, string field)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal)) is { } line
                && ulong.TryParse(line[field.Length..].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var set) ? set : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
