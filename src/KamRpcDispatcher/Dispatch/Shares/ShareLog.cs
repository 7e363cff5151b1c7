using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>Log messages of shares, with the event ids 3100 to 3119.</summary>
internal static partial class ShareLog
{
    [LoggerMessage(3100, LogLevel.Information, "Set {Set}: calls are shared anew: {Shares}")]
    public static partial void Shared(ILogger logger, int set, string shares);

    [LoggerMessage(3101, LogLevel.Information, "Set {Set}: calls are not shared any more, but evenly in the set")]
    public static partial void Ended(ILogger logger, int set);

    [LoggerMessage(3102, LogLevel.Warning, "Set {Set}: Kamailio has another share map than the one that was written to it; trying on. Does somebody else write to its htable kamrpc_shares?")]
    public static partial void NotTaken(ILogger logger, int set);

    [LoggerMessage(3103, LogLevel.Information, "Calls of sets that are shared are not counted: Kamailio has no table {Table}, as with the snippet of an earlier version; shares are followed nevertheless")]
    public static partial void NotCounted(ILogger logger, string table);
}
