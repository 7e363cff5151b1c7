using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Operators;

/// <summary>Log messages of operators' intents, among the event ids 1000 to 1099.</summary>
internal static partial class OperatorLog
{
    [LoggerMessage(1070, LogLevel.Warning, "etcd at {Endpoints} does not let operators' wishes be read (permission denied): they are not followed here, what was known of them before stays in force, and commands that wait for this proxy name it as missing. Give the dispatcher's role the right: etcdctl role grant-permission ROLE read --prefix=true {Prefix}")]
    public static partial void IntentsRefused(ILogger logger, string endpoints, string prefix);

    [LoggerMessage(1071, LogLevel.Information, "etcd lets operators' wishes be read: they are followed from revision {Revision}, after {Time}")]
    public static partial void IntentsFollowed(ILogger logger, long revision, DurationText time);

    [LoggerMessage(1072, LogLevel.Error, "Rejected the operator's wish {Key}, {Times} times within minutes: {Reason}; {Consequence}. Correct the record or delete the key")]
    public static partial void IntentRejected(ILogger logger, string key, int times, string reason, string consequence);

    [LoggerMessage(1073, LogLevel.Warning, "etcd has told its members, and not within {Time} what operators wish of them: going on with what was saved of that ({Count} members)")]
    public static partial void IntentsNotTold(ILogger logger, DurationText time, int count);

    [LoggerMessage(1079, LogLevel.Warning, "etcd has told neither its members nor what operators wish of them within {Time}: going on with what was saved of both ({Count} members with a wish), and with what the other sources tell")]
    public static partial void NothingTold(ILogger logger, DurationText time, int count);

    [LoggerMessage(1074, LogLevel.Warning, "etcd is another one than before, or was restored: {Count} drains by operators that were in force are not in it ({Names}). Who of them is announced as ready gets calls again. Drain again whom you want without: kamrpc drain NAME --set SET")]
    public static partial void DrainsLost(ILogger logger, int count, string names);

    [LoggerMessage(1075, LogLevel.Warning, "Classes of members have no number yet, so that their calls are shared evenly for now: {Reason}. Trying on; the dispatcher's role needs the right: etcdctl role grant-permission ROLE readwrite --prefix=true {Prefix}")]
    public static partial void NotNumbered(ILogger logger, string reason, string prefix);

    [LoggerMessage(1076, LogLevel.Error, "Set {Set} needs more classes than there are numbers left of {Most}: its calls are shared evenly. Delete the keys below {Prefix} of sets that have no shares any more")]
    public static partial void NoNumberLeft(ILogger logger, int set, int most, string prefix);

    [LoggerMessage(1077, LogLevel.Warning, "No --source is etcd any more, so that what operators wished there ends: {Names}. Who of them is ready gets calls again, with the weight that its source gives it. Whom you want without: \"state\": \"draining\" in the file; in Kubernetes, end the pod")]
    public static partial void WishesEnd(ILogger logger, string names);
}
