using System.Globalization;
using KamailioRpc;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Who holds a Kamailio's lock. Seen in /proc/locks: to try the lock would keep a dispatcher that starts just then from having it.</summary>
internal static class LockTable
{
    public static string? Holder(KamailioAddress address)
    {
        var path = ProxyLock.PathFor(address);
        return FileStatus.Of(path) is { } file && IsLocked(file) ? ProxyLock.ReadHolder(path) : null;
    }

    private static bool IsLocked(FileStatus file)
    {
        try
        {
            // "1: FLOCK  ADVISORY  WRITE 4711 fe:00:11804677 0 EOF": device in hexadecimal and inode.
            var name = string.Create(CultureInfo.InvariantCulture, $" {file.DeviceMajor:x2}:{file.DeviceMinor:x2}:{file.Inode} ");
            return File.ReadLines("/proc/locks").Any(line => line.Contains(name, StringComparison.Ordinal));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
