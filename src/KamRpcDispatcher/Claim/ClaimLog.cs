using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Claim;

/// <summary>Log messages of the claim, event ids 2007 and 2200 to 2299.</summary>
internal static partial class ClaimLog
{
    [LoggerMessage(2007, LogLevel.Warning, "{Path} cannot be locked ({Reason}): a second daemon for this Kamailio would not be noticed. Run kamrpc as a user that may write beside Kamailio's socket")]
    public static partial void NotLockableByAddress(ILogger logger, string path, string reason);

    [LoggerMessage(2200, LogLevel.Information, "Kamailio is marked as served by this daemon (htable {Table})")]
    public static partial void Marked(ILogger logger, string table);

    [LoggerMessage(2201, LogLevel.Information, "Kamailio is marked as served by {Holder}: waiting up to {Wait} for a sign of life")]
    public static partial void Waiting(ILogger logger, string holder, DurationText wait);

    [LoggerMessage(2202, LogLevel.Warning, "The mark of {Holder} is taken over: that daemon has ended, or has given no sign of life")]
    public static partial void TakenOver(ILogger logger, string holder);

    [LoggerMessage(2203, LogLevel.Warning, "Kamailio has no place for a mark ({Reason}): a second daemon on another host, or in a container and by another address, would not be noticed, and two can crash Kamailio. Add to its config: {Lines}")]
    public static partial void NoTable(ILogger logger, string reason, string lines);

    [LoggerMessage(2204, LogLevel.Warning, "{Path} cannot be locked ({Reason}): a second daemon on this machine is noticed by the other locks only")]
    public static partial void NotLockable(ILogger logger, string path, string reason);

    [LoggerMessage(2205, LogLevel.Warning, "{Path} is locked by PID {Pid} of another user (UID {User}), who is neither root, nor this user, nor Kamailio's: not believed. See what that process is")]
    public static partial void StrangeHolder(ILogger logger, string path, int pid, uint user);
}
