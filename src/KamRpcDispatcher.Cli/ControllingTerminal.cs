using System.Globalization;

namespace KamRpcDispatcher.Cli;

/// <summary>The terminal that the process was started from, if it was.</summary>
/// <remarks>
/// SIGHUP says that it is gone, or is sent by somebody who wants files read again. When a terminal is gone no process of its session has one
/// any more before the first SIGHUP is sent (__tty_hangup in the kernel). Whoever was started with SIGHUP ignored (nohup) shall outlive it.
/// </remarks>
internal sealed class ControllingTerminal
{
    private const string Device = "/dev/tty";

    private readonly bool _matters = Exists() && !IsHangupIgnored();

    /// <summary>Whether there was one, and is none any more.</summary>
    public bool IsGone => _matters && !Exists();

    private static bool Exists()
    {
        try
        {
            using var terminal = File.OpenHandle(Device, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>SigIgn in proc(5) is a mask, the lowest bit of which is SIGHUP.</summary>
    private static bool IsHangupIgnored()
    {
        const string Mask = "SigIgn:";
        try
        {
            var line = File.ReadLines("/proc/self/status").FirstOrDefault(static line => line.StartsWith(Mask, StringComparison.Ordinal));
            return line is not null && ulong.TryParse(line[Mask.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask) && (mask & 1) != 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
