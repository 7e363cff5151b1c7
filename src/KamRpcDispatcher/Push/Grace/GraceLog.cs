using KamailioRpc;
using KamailioRpc.Commands;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>Log messages of the grace period, event ids 2100 to 2199.</summary>
internal static partial class GraceLog
{
    /// <summary>Such as "slow timer (PID 4711)".</summary>
    public static string Name(KamailioProcess process) => FormattableString.Invariant($"{process.Description} (PID {process.Pid})");

    [LoggerMessage(2100, LogLevel.Information, "Grace period after structural changes: until {Count} processes of Kamailio were seen at rest (/proc/PID/{View})")]
    public static partial void Observed(ILogger logger, int count, string view);

    [LoggerMessage(2101, LogLevel.Warning, "Grace period after structural changes: {Mode}, because Kamailio's processes cannot be seen: {Reasons}")]
    public static partial void Fixed(ILogger logger, string mode, string reasons);

    [LoggerMessage(2102, LogLevel.Error, "The grace period does not end: not at rest within {Cap} are {Processes}. Structural changes stay pending until they are, or until they have moved on and {Gap} have passed since the last change")]
    public static partial void Overdue(ILogger logger, DurationText cap, string processes, DurationText gap);

    [LoggerMessage(2103, LogLevel.Warning, "No process of these was seen at rest, but each has moved on since the last structural change: {Processes}. The next change is made {Gap} after it. Kamailio is overloaded, or these processes rest in a way that is not known: more workers (children) may help, 'kamrpc doctor' tells about processes")]
    public static partial void LongGap(ILogger logger, string processes, DurationText gap);

    [LoggerMessage(2104, LogLevel.Error, "The grace period cannot end: neither seen at rest nor moved on in the {Elapsed} since the last structural change are {Processes}: frozen, waiting for a lock or for a name server, perhaps in the middle of the table of destinations. Structural changes stay pending. Look at what these processes wait for (cat /proc/PID/stack, gdb -p PID), or restart Kamailio")]
    public static partial void Stuck(ILogger logger, DurationText elapsed, string processes);

    [LoggerMessage(2106, LogLevel.Information, "A structural change had to wait {Elapsed} for the grace period of the one before: {Process} was the last to be seen at rest")]
    public static partial void Slow(ILogger logger, DurationText elapsed, string process);

    [LoggerMessage(2105, LogLevel.Information, "The grace period has ended after {Elapsed}: structural changes are made again")]
    public static partial void Recovered(ILogger logger, DurationText elapsed);
}
