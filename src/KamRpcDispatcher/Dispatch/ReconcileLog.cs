using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch;

/// <summary>Log messages of the reconciler, event ids 3000 to 3099.</summary>
internal static partial class ReconcileLog
{
    /// <summary>What is to be said of options, once.</summary>
    public static void Remarks(ILogger logger, DispatcherOptions options)
    {
        if (!options.Kamailio.IsSerial)
        {
            NotSerial(logger, options.Kamailio);
        }

        if (options.StateDirectory is { } kept && StateDirectory.FleetingPlaceOf(kept, options.Kamailio.Path) is { } place)
        {
            StateNotLasting(logger, kept, place);
        }

        if (Path.GetDirectoryName(options.BootList?.Path) is { } directory && StateDirectory.FleetingPlaceOf(directory, options.Kamailio.Path) is { } fleeting)
        {
            BootListNotLasting(logger, directory, fleeting);
        }
    }

    [LoggerMessage(3000, LogLevel.Information, "Kamailio {Version} answers, up since {UpSince}, with {Count} destinations")]
    public static partial void Reached(ILogger logger, KamailioVersion version, string upSince, int count);

    [LoggerMessage(3001, LogLevel.Warning, "{Reason}: trying on")]
    public static partial void Unreachable(ILogger logger, string reason);

    [LoggerMessage(3002, LogLevel.Error, "{Reason}: is the dispatcher module loaded? Trying on")]
    public static partial void Refused(ILogger logger, string reason);

    [LoggerMessage(3003, LogLevel.Error, "Kamailio {Version} takes no attributes over RPC, so that own destinations cannot be told from others: nothing is changed. Kamailio 5.4 or later is needed")]
    public static partial void Unsupported(ILogger logger, KamailioVersion version);

    [LoggerMessage(3004, LogLevel.Information, "Waiting for the membership from {Source}, which has not told its members, or what operators wish of them, yet; Kamailio's list stays as it is")]
    public static partial void WaitingForStore(ILogger logger, string source);

    [LoggerMessage(3005, LogLevel.Warning, "Kamailio takes no addition or removal now (\"Ongoing reload\"): they wait, states are changed. Where this comes again set modparam(\"dispatcher\", \"reload_delta\", 0)")]
    public static partial void Busy(ILogger logger);

    [LoggerMessage(EventId = 3022, Message = "Kamailio cannot be used since {Since}, {Time} ago, now for another reason: {Reason}. Trying on")]
    public static partial void OtherReason(ILogger logger, LogLevel level, string since, DurationText time, string reason);

    [LoggerMessage(EventId = 3023, Message = "Kamailio cannot be used since {Since}, for {Time} by now: {Reason}. What is announced meanwhile does not reach it; trying on")]
    public static partial void StillUnusable(ILogger logger, LogLevel level, string since, DurationText time, string reason);

    [LoggerMessage(3024, LogLevel.Information, "Kamailio can be used again, after {Time}")]
    public static partial void UsableAgain(ILogger logger, DurationText time);

    [LoggerMessage(3006, LogLevel.Information, "In step with revision {Revision}: {Destinations} destinations in {Sets} sets")]
    public static partial void InStep(ILogger logger, long revision, int destinations, int sets);

    [LoggerMessage(3025, LogLevel.Information, "In step with revision {Revision}: {Destinations} destinations in {Sets} sets; {Count} revisions before it are not told one by one")]
    public static partial void InStepAfterMany(ILogger logger, long revision, int destinations, int sets, int count);

    [LoggerMessage(3010, LogLevel.Warning, "In step with revision {Revision}, {Quarantined} destinations apart that cannot be put into Kamailio")]
    public static partial void InStepButQuarantined(ILogger logger, long revision, int quarantined);

    [LoggerMessage(3048, LogLevel.Warning, "{Count} members went without a word and may be back in a moment (their source was away, nobody watched, or they move between EndpointSlices): they stay as they were for {Time} ({Names})")]
    public static partial void ExpiryDoubted(ILogger logger, int count, DurationText time, string names);

    [LoggerMessage(3011, LogLevel.Error, "PANIC in set {Set}: more than {Share} % went without a word within {Window}. Held in the set as they were: {Count} members ({Names}), until they come back, are let go (those in etcd by 'kamrpc confirm', in a file by \"state\": \"down\", in Kubernetes when their pods terminate), or {Hold} have passed")]
    public static partial void Panic(ILogger logger, int set, int share, DurationText window, int count, string names, DurationText hold);

    [LoggerMessage(3012, LogLevel.Warning, "Panic in set {Set} is over: no member is held any more")]
    public static partial void PanicOver(ILogger logger, int set);

    [LoggerMessage(3007, LogLevel.Warning, "Member {Member} is left out: {Uri} stands in its set already, put there by somebody else")]
    public static partial void ForeignTwin(ILogger logger, MemberKey member, string uri);

    [LoggerMessage(3008, LogLevel.Warning, "Set {Set}: {Uri} is not removed, because somebody else added the same URI: a remove would drop both")]
    public static partial void ForeignCopy(ILogger logger, int set, string uri);

    [LoggerMessage(3009, LogLevel.Warning, "Member {Member} is left out: {Holder} has {Uri} too, and is followed (a ready one comes first, then one that Kamailio takes, then the one announced last)")]
    public static partial void Superseded(ILogger logger, MemberKey member, MemberKey holder, string uri);

    [LoggerMessage(3015, LogLevel.Error, "Set {Set}: {Uri} still gets calls and cannot be disabled: somebody else has added the same text, and Kamailio changes the state of that one. Remove the other one while this daemon is stopped (kamcmd dispatcher.remove takes both; ours is added again)")]
    public static partial void Unsilenced(ILogger logger, int set, string uri);

    [LoggerMessage(3016, LogLevel.Warning, "Set {Set}: the attributes of {Uri} change when it has no calls: Kamailio counts calls on it, and the counter would start at 0 again. Drain it for a moment to have it at once")]
    public static partial void CallsCounted(ILogger logger, int set, string uri);

    [LoggerMessage(3017, LogLevel.Error, "Set {Set}: a change of {Uri} was made more than once and had no effect: it is repeated ever more slowly, once a minute in the end. Look for somebody who undoes it, and into Kamailio's log")]
    public static partial void WithoutEffect(ILogger logger, int set, string uri);

    [LoggerMessage(3013, LogLevel.Warning, "{Address}: over HTTP any of Kamailio's TCP workers carries a change out, several at once: two writers can crash Kamailio, and a change whose reply was lost may be made later. Change over jsonrpc+unix: instead")]
    private static partial void NotSerial(ILogger logger, KamailioAddress address);

    [LoggerMessage(3018, LogLevel.Warning, "The membership is saved in {Directory}, below {Place}, which does not last: what is there goes when Kamailio stops, with a cleaner, or when the machine starts anew, and a start while the members' source is out of reach then has no members. Give it a place that lasts with --state-dir, such as /var/lib/kamrpc, made for this user")]
    private static partial void StateNotLasting(ILogger logger, string directory, string place);

    [LoggerMessage(3019, LogLevel.Warning, "The list for starts of Kamailio is kept in {Directory}, below {Place}, which does not last: where it is gone Kamailio does not start. Give it a place that lasts with --boot-list, such as /var/lib/kamrpc, that Kamailio's user may read")]
    private static partial void BootListNotLasting(ILogger logger, string directory, string place);

    [LoggerMessage(EventId = 3020, Message = "{Kind}: {Text}")]
    public static partial void TroubleBegan(ILogger logger, LogLevel level, string kind, string text);

    [LoggerMessage(3021, LogLevel.Information, "No longer so ({Kind}): {Text}")]
    public static partial void TroubleOver(ILogger logger, string kind, string text);

    [LoggerMessage(3014, LogLevel.Warning, "Kamailio tells no version that can be read, or one newer than {Newest}, the newest that this kamrpc was tested with: it is treated as {Newest}")]
    public static partial void UnknownVersion(ILogger logger, KamailioVersion newest);
}
