using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>Log messages of the grace period, event ids 2100 to 2199.</summary>
internal static partial class GraceLog
{
    [LoggerMessage(2100, LogLevel.Information, "Grace period after structural changes: until {Count} processes of Kamailio were seen at rest (/proc/PID/{View})")]
    public static partial void Observed(ILogger logger, int count, string view);

    [LoggerMessage(2101, LogLevel.Warning, "Grace period after structural changes: {Mode}, because Kamailio's processes cannot be seen: {Reasons}")]
    public static partial void Fixed(ILogger logger, string mode, string reasons);

    [LoggerMessage(2102, LogLevel.Error, "The grace period does not end: not at rest within {Cap} are {Processes}. Structural changes stay pending until they are")]
    public static partial void Overdue(ILogger logger, TimeSpan cap, string processes);
}
