using System.Globalization;

namespace KamRpcDispatcher.Linux;

/// <summary>Who has files locked, as /proc/locks tells: to try a lock would keep somebody who wants it just then from having it.</summary>
internal static class FileLocks
{
    /// <summary>The process that has a file locked; null when none has, or it cannot be seen from here.</summary>
    public static int? Holder(FileStatus file)
    {
        try
        {
            // "1: FLOCK  ADVISORY  WRITE 4711 fe:00:11804677 0 EOF": PID, device in hexadecimal, and inode. Who waits has "->" before FLOCK.
            var name = string.Create(CultureInfo.InvariantCulture, $"{file.DeviceMajor:x2}:{file.DeviceMinor:x2}:{file.Inode}");
            return File.ReadLines("/proc/locks")
                .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(fields => fields.Length > 5 && fields[1] != "->" && fields[5] == name)
                .Select(static fields => int.TryParse(fields[4], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : (int?)null)
                .FirstOrDefault();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
