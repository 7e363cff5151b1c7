using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Linux;

/// <summary>Whether standard error leads to systemd's journal, which takes a line's priority from <c>&lt;3&gt;</c> to <c>&lt;7&gt;</c> before it and has its own time (sd-daemon(3)).</summary>
public static class SystemdJournal
{
    /// <summary>Where systemd says which file that is: device and inode, as one number each.</summary>
    public const string Variable = "JOURNAL_STREAM";

    /// <summary>Where the journal takes entries with fields (systemd-journald.service(8)).</summary>
    public const string Socket = "/run/systemd/journal/socket";

    private const int StandardError = 2;

    /// <summary>Whether it does now. The variable is inherited by whoever has standard error redirected: so the file itself is compared.</summary>
    public static bool IsStandardError() => IsStandardError(Environment.GetEnvironmentVariable(Variable));

    /// <param name="variable">The variable's value; null when it is not set.</param>
    internal static bool IsStandardError(string? variable)
    {
        if (string.IsNullOrEmpty(variable))
        {
            return false;
        }

        using var stream = new SafeFileHandle(StandardError, ownsHandle: false);
        return FileStatus.Of(stream) is { } status && variable == Text(status);
    }

    /// <summary>As systemd writes it: the device as <c>st_dev</c> has it, which statx tells in two parts.</summary>
    internal static string Text(FileStatus status)
    {
        var (major, minor) = ((ulong)status.DeviceMajor, (ulong)status.DeviceMinor);
        var device = ((major & 0xfffff000) << 32) | ((major & 0xfff) << 8) | ((minor & 0xffffff00) << 12) | (minor & 0xff);
        return string.Create(CultureInfo.InvariantCulture, $"{device}:{status.Inode}");
    }
}
