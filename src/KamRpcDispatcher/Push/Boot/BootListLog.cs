using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Boot;

/// <summary>Log messages about the list that Kamailio loads at its start, event ids 2070 to 2079.</summary>
internal static partial class BootListLog
{
    [LoggerMessage(2070, LogLevel.Information, "{Path} has what Kamailio has, {Count} destinations of ours: a start or a reload of Kamailio begins with them")]
    public static partial void Kept(ILogger logger, string path, int count);

    [LoggerMessage(2071, LogLevel.Debug, "Wrote {Path} with {Count} destinations of ours")]
    public static partial void Written(ILogger logger, string path, int count);

    [LoggerMessage(2072, LogLevel.Information, "{Count} changes at once, by a reload of {Path}, which took {Time}")]
    public static partial void Reloaded(ILogger logger, int count, string path, DurationText time);

    [LoggerMessage(2073, LogLevel.Information, "{Count} changes are not made at once, by a reload of {Path}: {Reason}")]
    public static partial void OneByOne(ILogger logger, int count, string path, string reason);

    [LoggerMessage(2074, LogLevel.Warning, "The reload of {Path} did not do what it should ({Reason}): until Kamailio is started anew changes are made one by one")]
    public static partial void Failed(ILogger logger, string path, string reason);

    [LoggerMessage(2075, LogLevel.Warning, "{Path} has what Kamailio has, {Count} destinations of ours, but whether Kamailio loads it at its start is not known ({Reason}): see that its list_file names it")]
    public static partial void KeptForUnknown(ILogger logger, string path, int count, string reason);
}
