using KamRpcDispatcher.Destinations;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>Log messages about who gets calls, event ids 3030 to 3049.</summary>
internal static partial class MemberMessages
{
    /// <summary>What has changed for one member.</summary>
    public static void One(ILogger logger, ChangeKind kind, MemberKey member, MemberStanding now, MemberStanding? before)
    {
        var (set, name, uri) = (member.Set, SafeText.Shorten(member.Name), SafeText.Shorten(now.Uri, 256));
        var (level, why) = (LevelOf(now), now.Words);
        switch (kind)
        {
            case ChangeKind.Lost:
                Lost(logger, level, set, name, uri, why);
                break;
            case ChangeKind.StillWithout:
                Without(logger, level, set, name, uri, why);
                break;
            case ChangeKind.FoundDead:
                FoundDead(logger, set, name, uri, now.Detail);
                break;
            case ChangeKind.Answers:
                Answers(logger, set, name, uri);
                break;
            case ChangeKind.DisabledByOthers:
                DisabledByOthers(logger, set, name, uri);
                break;
            case ChangeKind.EnabledByOthers:
                EnabledByOthers(logger, set, name, uri, why);
                break;
            case ChangeKind.ServedByOthers:
                ServedByOthers(logger, set, name, uri, why);
                break;
            case ChangeKind.Moved:
                Moved(logger, set, name, uri, SafeText.Shorten(before?.Uri ?? string.Empty, 256));
                break;
            case ChangeKind.Joined:
                Joined(logger, set, name, uri);
                break;
            default:
                Again(logger, set, name, uri, AgainWords(kind));
                break;
        }
    }

    /// <summary>The same for many at a time.</summary>
    public static void Many(ILogger logger, ChangeKind kind, int set, int count, string names, MemberStanding now) => Many(
        logger,
        now is { GetsCalls: true, IsServedByOthers: false } ? LogLevel.Information : LevelOf(now),
        set,
        count,
        kind switch
        {
            ChangeKind.Joined => "get calls: joined",
            ChangeKind.ReadyAgain or ChangeKind.Resumed or ChangeKind.Back => $"get calls again: {AgainWords(kind)}",
            ChangeKind.Moved => "get calls at another address than before",
            ChangeKind.Answers => "answer Kamailio's pings again, and get calls",
            ChangeKind.FoundDead => "do not answer Kamailio's pings, and get no more calls",
            ChangeKind.DisabledByOthers => "were disabled in Kamailio by somebody else: enabled again",
            ChangeKind.EnabledByOthers => $"were enabled in Kamailio by somebody else, or by its script: disabled again ({now.Words})",
            ChangeKind.ServedByOthers => $"still get calls, by active entries of others at their addresses: remove those ({now.Words})",
            ChangeKind.Lost => $"get no more calls: {now.Words}",
            _ => $"get no calls: {now.Words}",
        },
        names);

    private static string AgainWords(ChangeKind kind) => kind switch
    {
        ChangeKind.ReadyAgain => "ready",
        ChangeKind.Resumed => "no operator drains it any more",
        _ => "back",
    };

    /// <summary>What somebody meant to do is no reason to look; what went wrong is.</summary>
    private static LogLevel LevelOf(MemberStanding standing) =>
        standing.Cause is StandingCause.Withdrew or StandingCause.Draining or StandingCause.Drained or StandingCause.Deleted or StandingCause.AwaitsProof ? LogLevel.Information : LogLevel.Warning;

    [LoggerMessage(EventId = 3030, Message = "Set {Set}: {Name} ({Uri}) gets no more calls: {Why}")]
    private static partial void Lost(ILogger logger, LogLevel level, int set, string name, string uri, string why);

    [LoggerMessage(3031, LogLevel.Information, "Set {Set}: {Name} ({Uri}) gets calls: joined")]
    private static partial void Joined(ILogger logger, int set, string name, string uri);

    [LoggerMessage(3032, LogLevel.Information, "Set {Set}: {Name} ({Uri}) gets calls again: {Why}")]
    private static partial void Again(ILogger logger, int set, string name, string uri, string why);

    [LoggerMessage(EventId = 3033, Message = "Set {Set}: {Name} ({Uri}) gets no calls: {Why}")]
    private static partial void Without(ILogger logger, LogLevel level, int set, string name, string uri, string why);

    [LoggerMessage(3034, LogLevel.Warning, "Set {Set}: {Name} ({Uri}) does not answer Kamailio's pings ({Flags}), and gets no more calls")]
    private static partial void FoundDead(ILogger logger, int set, string name, string uri, string flags);

    [LoggerMessage(3035, LogLevel.Information, "Set {Set}: {Name} ({Uri}) answers Kamailio's pings again, and gets calls")]
    private static partial void Answers(ILogger logger, int set, string name, string uri);

    [LoggerMessage(3036, LogLevel.Warning, "Set {Set}: {Name} ({Uri}) was disabled in Kamailio by somebody else: enabled again, since it is announced as ready. To take it out: kamrpc drain NAME --set SET; what is done by hand in Kamailio does not last")]
    private static partial void DisabledByOthers(ILogger logger, int set, string name, string uri);

    [LoggerMessage(3037, LogLevel.Warning, "Set {Set}: {Name} ({Uri}) was enabled in Kamailio by somebody else, or by its script: disabled again ({Why})")]
    private static partial void EnabledByOthers(ILogger logger, int set, string name, string uri, string why);

    [LoggerMessage(3042, LogLevel.Warning, "Set {Set}: {Name} ({Uri}) still gets calls, by an active entry of somebody else's at its address, though it is to get none: {Why}. Take that entry out of Kamailio's list file, and of its list while this daemon is stopped (kamcmd dispatcher.remove)")]
    private static partial void ServedByOthers(ILogger logger, int set, string name, string uri, string why);

    [LoggerMessage(3044, LogLevel.Information, "Set {Set}: {Name} ({Uri}) gets calls at this address now, no more at {Before}")]
    private static partial void Moved(ILogger logger, int set, string name, string uri, string before);

    [LoggerMessage(EventId = 3038, Message = "Set {Set}: {Count} members {What} ({Names})")]
    private static partial void Many(ILogger logger, LogLevel level, int set, int count, string what, string names);

    [LoggerMessage(3039, LogLevel.Warning, "{Count} destinations that kamrpc had added are gone from Kamailio's list ({Names}): it was reloaded, or somebody removed them. They are added again")]
    public static partial void Vanished(ILogger logger, int count, string names);

    [LoggerMessage(3040, LogLevel.Error, "Set {Set} has NO routable destination: no call to it can be served ({States})")]
    public static partial void NobodyRoutable(ILogger logger, int set, string states);

    [LoggerMessage(3041, LogLevel.Warning, "Set {Set} has a routable destination again, after {Time} without")]
    public static partial void RoutableAgain(ILogger logger, int set, KamailioRpc.DurationText time);

    [LoggerMessage(3043, LogLevel.Warning, "Set {Set}: every routable destination is full ({Calls} of {MaxLoad} calls): algorithm 10 has none for another call until one ends. Where this comes again, one more server for the set, or a higher --maxload for those that can take more calls")]
    public static partial void Full(ILogger logger, int set, long calls, long maxLoad);
}
