using KamailioRpc;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Who holds a Kamailio's lock.</summary>
internal static class LockTable
{
    public static string? Holder(KamailioAddress address)
    {
        var path = ProxyLock.PathFor(address);
        return FileStatus.Of(path) is { } file && FileLocks.Holder(file) is not null ? ProxyLock.ReadHolder(path) ?? $"whoever has {path} locked" : null;
    }
}
