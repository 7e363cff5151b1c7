using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Files;

/// <summary>Log messages of files of members, among the event ids 1080 to 1089.</summary>
internal static partial class FileLog
{
    [LoggerMessage(1080, LogLevel.Information, "{Path} has {Count} members: they are taken as revision {Revision}")]
    public static partial void Taken(ILogger logger, string path, int count, long revision);

    [LoggerMessage(1081, LogLevel.Error, "The members in {Path} cannot be read: {Reason}. All stays as it was; it is read again as soon as it changes")]
    public static partial void NotTaken(ILogger logger, string path, string reason);

    [LoggerMessage(1082, LogLevel.Warning, "The members in {Path} cannot be read since {Time}: {Reason}. All stays as it was then")]
    public static partial void StillNotTaken(ILogger logger, string path, DurationText time, string reason);

    [LoggerMessage(1083, LogLevel.Information, "The members in {Path} can be read again, after {Time}")]
    public static partial void TakenAgain(ILogger logger, string path, DurationText time);

    [LoggerMessage(1084, LogLevel.Warning, "{Path}:{Remark}")]
    public static partial void LeftOut(ILogger logger, string path, string remark);

    [LoggerMessage(1085, LogLevel.Warning, "Every user can write {Path}, and so send calls where he likes; chmod o-w it")]
    public static partial void OpenToOthers(ILogger logger, string path);

    [LoggerMessage(1086, LogLevel.Warning, "{Path} has nobody in set {Set}, which had {Count} ready members{Whose}: that is held like a mass expiry (--panic-threshold), not taken for a withdrawal. Who is to go, give him \"state\": \"down\" in the file")]
    public static partial void SetEmptied(ILogger logger, string path, int set, int count, string whose);
}
