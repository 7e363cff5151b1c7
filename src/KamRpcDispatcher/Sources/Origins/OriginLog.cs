using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>Log messages of several origins at once, among the event ids 1080 to 1089.</summary>
internal static partial class OriginLog
{
    [LoggerMessage(1087, LogLevel.Warning, "{Record} is left out: {Reason}")]
    public static partial void LeftOut(ILogger logger, string record, string reason);

    [LoggerMessage(1088, LogLevel.Warning, "No --source brings set {Set}, in which {Count} members{Whose} got calls until now: {What}. If the set is to stay, name it in a --source and start anew; if not, there is nothing to do")]
    public static partial void SetUnsourced(ILogger logger, int set, int count, string whose, string what);

    [LoggerMessage(1089, LogLevel.Warning, "The saved members of set {Sets} are{Whose}, and come from etcd by --source now: who of them is not there is put into Kamailio by nobody, and who of those is in Kamailio's list is held like a mass expiry (--panic-threshold)")]
    public static partial void SetsOfAnotherSource(ILogger logger, string sets, string whose);
}
