using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources;

/// <summary>Log messages of the saved membership, among the event ids 1000 to 1099.</summary>
internal static partial class SnapshotLog
{
    [LoggerMessage(1020, LogLevel.Warning, "The membership cannot be saved in {Path} ({Reason}): a start while the members' source is out of reach would have an older one or none. Free the disk or correct the permissions; trying on")]
    public static partial void SnapshotNotWritten(ILogger logger, string path, string reason);

    [LoggerMessage(1021, LogLevel.Information, "The membership is saved in {Path} again")]
    public static partial void SnapshotWrittenAgain(ILogger logger, string path);

    [LoggerMessage(1022, LogLevel.Debug, "Saved revision {Revision} with {Count} members in {Path}")]
    public static partial void SnapshotWritten(ILogger logger, long revision, int count, string path);

    [LoggerMessage(1023, LogLevel.Error, "The saved membership {Path} cannot be used: {Reason}; {Outcome}. A new one is written as soon as the members' source answers; if this comes again, check the disk and who else writes there")]
    public static partial void SnapshotUnusable(ILogger logger, string path, string reason, string outcome);

    [LoggerMessage(1029, LogLevel.Error, "The saved membership is not believed: {Reason}, and start anew; on a volume that Kubernetes opens (fsGroup): --state-dir with a directory below it, which kamrpc makes, and for one that outlives the pod fsGroupChangePolicy: OnRootMismatch. A new one is written as soon as the members' source answers")]
    public static partial void SnapshotOpenToOthers(ILogger logger, string reason);

    [LoggerMessage(1024, LogLevel.Warning, "{Source} has not told its members, or what operators wish of them, yet (it is out of reach, or slow): using the membership of revision {Revision} with {Count} members{Whose} saved at {SavedAt:O}")]
    public static partial void SnapshotInForce(ILogger logger, string source, long revision, int count, string whose, DateTimeOffset? savedAt);

    [LoggerMessage(1025, LogLevel.Information, "{Source} has answered: its membership of revision {Revision} replaces the saved one of revision {Saved}")]
    public static partial void SnapshotReplaced(ILogger logger, string source, long revision, long saved);

    [LoggerMessage(1049, LogLevel.Warning, "The others of --source have told their members and are followed; {Source} has not answered: its members stay those of the saved membership of revision {Saved}")]
    public static partial void SnapshotPartlyReplaced(ILogger logger, string source, long saved);

    [LoggerMessage(1026, LogLevel.Warning, "{Source} has not told its members, or what operators wish of them, yet (it is out of reach, or slow), and no membership is saved in {Path}: nothing is changed until it has")]
    public static partial void NoSnapshot(ILogger logger, string source, string path);

    [LoggerMessage(1037, LogLevel.Warning, "The saved membership of revision {Revision} is of another etcd ({Saved}) than the one that answers ({Found}): nobody is put into Kamailio for it, and who of it is in Kamailio's list has expired; it is replaced. Where etcd was set up anew that is right; else another dispatcher keeps its membership under this proxy's name: give one of the two another --proxy or --state-dir")]
    public static partial void SnapshotOfAnotherStore(ILogger logger, long revision, string saved, string found);

    [LoggerMessage(1038, LogLevel.Warning, "{Path} is another dispatcher's ({Holder}): the membership is neither read there nor saved, so that a start while the members' source is out of reach has none. Give this one a name of its own with --proxy, or another --state-dir")]
    public static partial void SnapshotInUse(ILogger logger, string path, string holder);
}
