using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>Log messages of several origins at once, among the event ids 1080 to 1089.</summary>
internal static partial class OriginLog
{
    [LoggerMessage(1087, LogLevel.Warning, "{Record} is left out: {Reason}")]
    public static partial void LeftOut(ILogger logger, string record, string reason);
}
