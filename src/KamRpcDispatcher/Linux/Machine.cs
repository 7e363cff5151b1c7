namespace KamRpcDispatcher.Linux;

/// <summary>Where process ids mean the same: one boot of one machine, and one PID namespace of it.</summary>
internal static class Machine
{
    /// <summary>The number of this process's PID namespace; empty where procfs does not tell.</summary>
    public static string PidNamespace { get; } = ReadNamespace();

    /// <summary>Without blanks. Two processes that know the same one see each other's ids.</summary>
    public static string Place { get; } = ReadBoot() is { } boot && PidNamespace.Length > 0 ? $"{boot}/{PidNamespace}" : $"{Guid.NewGuid():N}";

    /// <summary>Whether a process of some place has surely ended; false when that cannot be told from here.</summary>
    public static bool HasEnded(string place, int pid) => place == Place && pid > 0 && (LibC.HasNoProcess(pid) || ProcessState.HasEnded(ProcessState.Of(pid)));

    private static string ReadNamespace()
    {
        try
        {
            // "pid:[4026531836]"
            return string.Concat(new FileInfo("/proc/self/ns/pid").LinkTarget?.Where(char.IsAsciiDigit) ?? []);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }

    private static string? ReadBoot()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() is { Length: > 0 } boot ? boot : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
