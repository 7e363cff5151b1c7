using KamailioRpc;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Doctor.Observations.Sockets;

/// <summary>Who holds a Kamailio's lock.</summary>
internal static class LockTable
{
    /// <summary>What the holder says of itself, empty when nobody has it, or why that cannot be seen from here; and the holder's process, where it is here.</summary>
    public static (Observed<string> Holder, int? Pid) Read(KamailioAddress address)
    {
        var path = ProxyLock.PathFor(address);
        if (FileStatus.Of(path) is { } file)
        {
            return FileLocks.Holder(file) is not { } pid ? (string.Empty, null)
                : (ProxyLock.ReadHolder(path) ?? Observed<string>.Not(FormattableString.Invariant(
                    $"somebody has its lock (PID {pid}); who that is, and what it reports, is not seen: user {Host.Credentials.Own.Name} may not read {Files.Rights(path)?.ToString() ?? path}")), pid);
        }

        return (Files.Closed(path) is { } closed
            ? Observed<string>.Not($"whether a kamrpc dispatch holds its lock cannot be seen: user {Host.Credentials.Own.Name} may not enter {closed}, {(closed.User == 0 ? "root may" : $"{Names.User(closed.User)} and root may")}")
            : string.Empty, null);
    }
}
