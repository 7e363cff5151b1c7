using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>Log messages of the store, event ids 1000 to 1099.</summary>
internal static partial class EtcdLog
{
    [LoggerMessage(1000, LogLevel.Information, "Listed {Count} members at revision {Revision}")]
    public static partial void Listed(ILogger logger, int count, long revision);

    [LoggerMessage(1001, LogLevel.Warning, "etcd at {Endpoints} cannot be followed ({Reason}): the last known membership of {Prefix} stays in force, trying on")]
    public static partial void WatchInterrupted(ILogger logger, EtcdEndpoints endpoints, string reason, string prefix);

    [LoggerMessage(1002, LogLevel.Information, "etcd at {Endpoints} is followed again from revision {Revision}, after {Time}")]
    public static partial void WatchResumed(ILogger logger, EtcdEndpoints endpoints, long revision, DurationText time);

    [LoggerMessage(1033, LogLevel.Warning, "etcd at {Endpoints} cannot be followed for {Time} by now ({Reason}): the last known membership of {Prefix} stays in force, trying on")]
    public static partial void WatchStillInterrupted(ILogger logger, EtcdEndpoints endpoints, DurationText time, string reason, string prefix);

    [LoggerMessage(1003, LogLevel.Information, "Revision {Wanted} is compacted away (up to {Compacted}): listing again")]
    public static partial void Compacted(ILogger logger, long wanted, long compacted);

    [LoggerMessage(1004, LogLevel.Warning, "The store is another one, or was restored (revision {Known} known, {Found} found): listing again")]
    public static partial void StoreReplaced(ILogger logger, long known, long found);

    [LoggerMessage(1005, LogLevel.Error, "Rejected {Key}: {Reason}; {Consequence}. Correct the record or delete the key")]
    public static partial void Rejected(ILogger logger, string key, string reason, string consequence);

    [LoggerMessage(1007, LogLevel.Error, "Rejected {Key} again, {Times} times within minutes: {Reason}; {Consequence}. Find out who rewrites it")]
    public static partial void RejectedAgain(ILogger logger, string key, int times, string reason, string consequence);

    [LoggerMessage(1008, LogLevel.Error, "More than {Most} keys were rejected within minutes, {Key} too: {Reason}; no more are told one by one, 'kamrpc status' counts them. Find out who writes them")]
    public static partial void RejectedCrowd(ILogger logger, int most, string key, string reason);

    [LoggerMessage(1006, LogLevel.Information, "Listing the members: {Read} of {All} after {Elapsed}")]
    public static partial void Listing(ILogger logger, int read, long all, DurationText elapsed);

    [LoggerMessage(1060, LogLevel.Warning, "{Key} was written by another version of kamrpc: {Remark}; told once, whatever other records have it too")]
    public static partial void LeftOut(ILogger logger, string key, string remark);

    [LoggerMessage(1010, LogLevel.Information, "Wrote {Key} under lease {Lease:x}")]
    public static partial void Claimed(ILogger logger, string key, long lease);

    [LoggerMessage(1011, LogLevel.Warning, "{Key} is held by somebody else ({Holder}): waiting until it is free")]
    public static partial void Occupied(ILogger logger, string key, string holder);

    [LoggerMessage(1012, LogLevel.Warning, "The lease of {Key} is gone: writing the key again under a new one")]
    public static partial void LeaseLost(ILogger logger, string key);

    [LoggerMessage(1013, LogLevel.Warning, "{Key} was deleted by somebody else: writing it again")]
    public static partial void KeyDeleted(ILogger logger, string key);

    [LoggerMessage(1014, LogLevel.Warning, "{Key} was taken over by somebody else")]
    public static partial void Superseded(ILogger logger, string key);

    [LoggerMessage(1015, LogLevel.Warning, "etcd at {Endpoints} cannot be used ({Reason}): {Key} cannot be kept alive, trying on")]
    public static partial void KeepAliveInterrupted(ILogger logger, EtcdEndpoints endpoints, string key, string reason);

    [LoggerMessage(1035, LogLevel.Error, "etcd at {Endpoints} takes no writes ({Reason}): {Key} stays alive as it was written before; {Consequence}")]
    public static partial void WritesRefused(ILogger logger, EtcdEndpoints endpoints, string reason, string key, string consequence);

    [LoggerMessage(1040, LogLevel.Error, "etcd at {Endpoints} refuses {Keys}: tried on; {Consequence}")]
    public static partial void KeysRefused(ILogger logger, EtcdEndpoints endpoints, string keys, string consequence);

    [LoggerMessage(1041, LogLevel.Information, "etcd at {Endpoints} refuses none of {Keys} any more, after {Time}")]
    public static partial void KeysTaken(ILogger logger, EtcdEndpoints endpoints, string keys, DurationText time);

    [LoggerMessage(1016, LogLevel.Information, "{Key} is kept alive again, after {Time}")]
    public static partial void KeepAliveResumed(ILogger logger, string key, DurationText time);

    [LoggerMessage(1034, LogLevel.Warning, "etcd at {Endpoints} cannot be used for {Time} by now ({Reason}): {Key} cannot be kept alive, trying on")]
    public static partial void KeepAliveStillInterrupted(ILogger logger, EtcdEndpoints endpoints, DurationText time, string key, string reason);

    [LoggerMessage(1017, LogLevel.Information, "Withdrew {Key}")]
    public static partial void Withdrawn(ILogger logger, string key);

    [LoggerMessage(1018, LogLevel.Error, "{Key} could not be withdrawn ({Reason}): it ends with its lease")]
    public static partial void NotWithdrawn(ILogger logger, string key, string reason);

    [LoggerMessage(1027, LogLevel.Warning, "Withdrew {Key} without a last word ({Reason}): dispatchers take that for a lease that has ended, and where most of a set goes they go on sending calls there for a while. As soon as etcd takes writes again 'kamrpc confirm' ends that")]
    public static partial void WithdrawnSilently(ILogger logger, string key, string reason);

    [LoggerMessage(1019, LogLevel.Warning, "etcd grants leases of {Granted} where {Asked} were asked for: so long a key stays after a crash. Its least is one and a half times --election-timeout, in whole seconds; correct that, or --ttl")]
    public static partial void OtherTtl(ILogger logger, DurationText granted, DurationText asked);

    [LoggerMessage(1028, LogLevel.Warning, "There is a report of another proxy with the name {Name}: {Other}. It has {Patience} to end; if it lives, give one of the two another name with --proxy")]
    public static partial void NameClash(ILogger logger, string name, string other, DurationText patience);

    [LoggerMessage(1043, LogLevel.Warning, "{Count} members get calls by Kamailio's list, and are neither in etcd nor in the saved membership as they are there: they count as expired while nobody watched, and are kept as any others that expire together. Where etcd or --etcd is wrong, correct that; where they are gone, 'kamrpc confirm'")]
    public static partial void ListedMissing(ILogger logger, int count);

    [LoggerMessage(1044, LogLevel.Information, "Goes on with {Key} under lease {Lease:x}, as the program before this one held it: renewed {Time:0} ms after that one did")]
    public static partial void Adopted(ILogger logger, string key, long lease, double time);

    [LoggerMessage(1030, LogLevel.Warning, "{Reason}. Going on with what it held before")]
    public static partial void FileUnusable(ILogger logger, string reason);

    [LoggerMessage(1032, LogLevel.Warning, "etcd at {Endpoint} does not take a connection with the certificates and passwords as they are now ({Reason}): going on with the connection of before. Correct the files, then send SIGHUP again")]
    public static partial void NewConnectionRefused(ILogger logger, EtcdEndpoints endpoint, string reason);

    [LoggerMessage(1042, LogLevel.Information, "etcd at {Endpoint} takes a connection with the certificates and passwords as they are now: using it")]
    public static partial void NewConnectionTaken(ILogger logger, EtcdEndpoints endpoint);

    [LoggerMessage(1031, LogLevel.Debug, "Using etcd at {Endpoint}")]
    public static partial void Connecting(ILogger logger, EtcdEndpoints endpoint);
}
