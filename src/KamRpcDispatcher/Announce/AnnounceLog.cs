using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Announce;

/// <summary>Log messages of the announcer, event ids 1300 to 1399.</summary>
internal static partial class AnnounceLog
{
    [LoggerMessage(1300, LogLevel.Information, "{Member} ({Uri}) is ready: {Reason}")]
    public static partial void Ready(ILogger logger, MemberKey member, SipUri uri, string reason);

    [LoggerMessage(1301, LogLevel.Warning, "{Member} ({Uri}) is draining: {Reason}")]
    public static partial void Draining(ILogger logger, MemberKey member, SipUri uri, string reason);

    [LoggerMessage(1302, LogLevel.Error, "{Member} ({Uri}) is down: {Reason}")]
    public static partial void Down(ILogger logger, MemberKey member, SipUri uri, string reason);

    [LoggerMessage(1303, LogLevel.Error, "{Uri} cannot be probed ({Reason}): its record stays as it was, that of an earlier start too; told a few times a minute, whatever other server it is about")]
    public static partial void NotProbed(ILogger logger, SipUri uri, string reason);

    [LoggerMessage(1310, LogLevel.Information, "Leaving: new calls end now; a second signal withdraws at once")]
    public static partial void Leaving(ILogger logger);

    [LoggerMessage(1311, LogLevel.Information, "Every live proxy ({Count}) has stopped sending calls")]
    public static partial void Acknowledged(ILogger logger, int count);

    [LoggerMessage(1312, LogLevel.Warning, "Not every live proxy has stopped sending calls within {Time} ({Missing}): leaving nevertheless")]
    public static partial void NotAcknowledged(ILogger logger, DurationText time, string missing);

    [LoggerMessage(1313, LogLevel.Information, "Waiting for the calls that are up: {Found}, up to {Left} more")]
    public static partial void Waiting(ILogger logger, string found, DurationText left);

    [LoggerMessage(1314, LogLevel.Information, "No calls are up any more ({Found})")]
    public static partial void Idle(ILogger logger, string found);

    [LoggerMessage(1315, LogLevel.Warning, "Calls may still be up after {Time} ({Found}): leaving nevertheless")]
    public static partial void NotIdle(ILogger logger, DurationText time, string found);

    [LoggerMessage(1320, LogLevel.Warning, "Not ours: {Keys} is held by somebody else, so calls go on there. Stop the announcer that holds it, or give this one another --name")]
    public static partial void NotOurs(ILogger logger, string keys);

    [LoggerMessage(1321, LogLevel.Warning, "etcd does not take the change ({Reason}): withdrawing at once, and then waiting for the calls that are up")]
    public static partial void ChangeRefused(ILogger logger, string reason);

    [LoggerMessage(1322, LogLevel.Warning, "Nothing was announced, since etcd could not be used ({Reason}): no proxy is waited for. What an earlier announcer has left there counts until its lease ends")]
    public static partial void NeverReached(ILogger logger, string reason);

    [LoggerMessage(1316, LogLevel.Warning, "Asked to stop again: withdrawing at once")]
    public static partial void Hurried(ILogger logger);

    [LoggerMessage(1317, LogLevel.Warning, "{Member} leaves, and another name announces this address ({Holder}): calls go on. Stop that announcer too, or give each server one name")]
    public static partial void ServedByAnother(ILogger logger, MemberKey member, MemberKey holder);

    [LoggerMessage(1318, LogLevel.Information, "Every live proxy ({Count}) has stopped sending calls to the others: {Members}")]
    public static partial void OthersAcknowledged(ILogger logger, int count, string members);

    [LoggerMessage(1324, LogLevel.Warning, "No proxy reports: whether calls still come is not known. If dispatchers run, look why they do not reach etcd, or whether their --cluster is another one")]
    public static partial void NobodyAcknowledged(ILogger logger);

    [LoggerMessage(1325, LogLevel.Warning, "Every live proxy ({Count}) has stopped sending calls, but not to addresses that another name announces: {Unnamed} members that leave have such an address, and their names have no room in a report. Whether these are among them is not known: {Members}. 'kamrpc status' names the addresses with several names")]
    public static partial void NotSureOf(ILogger logger, int count, int unnamed, string members);

    [LoggerMessage(1328, LogLevel.Warning, "None of the live proxies ({Count}) serves the set of {Members}: whether calls still come there is not known. If a proxy is to serve it, see whether its dispatcher runs and reaches etcd, and whether another one reports under its name (--proxy)")]
    public static partial void NobodyServes(ILogger logger, int count, string members);

    [LoggerMessage(1327, LogLevel.Warning, "Never announced, since etcd refuses {Keys}: whether calls go there by another announcer is not known")]
    public static partial void NeverTaken(ILogger logger, string keys);

    [LoggerMessage(1329, LogLevel.Information, "Calls are not waited for: the SIP server is down, and {Reason}")]
    public static partial void NotCounted(ILogger logger, string reason);

    [LoggerMessage(1326, LogLevel.Error, "Left, and {Keys} could not be withdrawn: until its lease ends, {Ttl} after it was last renewed, it stands there as it was, and proxies go by that. 'etcdctl del' ends it now")]
    public static partial void LeftBehind(ILogger logger, string keys, DurationText ttl);

    [LoggerMessage(1319, LogLevel.Warning, "{Key} announces {Uri} under this name too, in a set that is not announced here: calls of set {Set} go there as long as another announcer keeps it, or until its lease ends if that was killed; 'etcdctl del {Key}' ends it now")]
    public static partial void InOtherSet(ILogger logger, string key, SipUri uri, int set);

    [LoggerMessage(1323, LogLevel.Debug, "Whether these names stand in other sets could not be seen: {Reason}")]
    public static partial void OtherSetsNotSeen(ILogger logger, string reason);

    [LoggerMessage(1330, LogLevel.Information, "Drained by an operator: {Members}. The calls of Asterisk are counted once a second for who waits for their end")]
    public static partial void CountsCalls(ILogger logger, string members);

    [LoggerMessage(1331, LogLevel.Warning, "Whether an operator drains its members cannot be read ({Key}: {Reason}): 'kamrpc drain --until-idle' is told no calls. The announcer's role needs read on intents/ and readwrite on calls/; all else goes on")]
    public static partial void DrainsNotRead(ILogger logger, string key, string reason);

    [LoggerMessage(1332, LogLevel.Warning, "How many calls are up cannot be told ({Reason}): 'kamrpc drain --until-idle' waits in vain for it. The announcer's role needs readwrite on calls/; all else goes on")]
    public static partial void CallsNotTold(ILogger logger, string reason);

    [LoggerMessage(1334, LogLevel.Warning, "Not announced any more, since it is not among the members of this start, while it was among those of the program before: {Keys}. It leaves in order")]
    public static partial void Former(ILogger logger, string keys);

    [LoggerMessage(1335, LogLevel.Information, "Left, with the program before this one: {Keys}")]
    public static partial void FormerWithdrawn(ILogger logger, string keys);

    [LoggerMessage(1336, LogLevel.Warning, "What the program before this one has left cannot be used ({Reason}): its members are taken over under a new lease, as after a crash")]
    public static partial void NotHandedOver(ILogger logger, string reason);
}
