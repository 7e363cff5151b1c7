using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether etcd's database grows without end: every change stays in it until it is compacted, reports and history too.</summary>
internal static class EtcdSpaceChecks
{
    public const string Compaction = "etcd.compaction";
    public const string Quota = "etcd.quota";

    /// <summary>So many changes come together in a day of a small cluster: with auto-compaction some would be forgotten by then.</summary>
    private const long Many = 10_000;

    /// <summary>So many are more than an hour of a large cluster, and than those that are kept by number.</summary>
    private const long TooMany = 1_000_000;

    /// <summary>What etcd takes without <c>--quota-backend-bytes</c>.</summary>
    private const long DefaultQuota = 2L * 1024 * 1024 * 1024;

    private const double Full = 0.8;

    private const string CompactionFlags = "--auto-compaction-mode=periodic --auto-compaction-retention=1h on every member of etcd";

    public static Finding OfCompaction(string endpoint, EndpointStatus status)
    {
        if (status.CompactedRevision is not { } compacted)
        {
            return Finding.Note(Compaction, $"{endpoint} does not tell which of its revisions are compacted: whether auto-compaction is on is not known", CompactionFlags);
        }

        var kept = status.Revision - compacted;
        return compacted == 0
            ? status.Revision > Many
                ? Finding.Warning(Compaction, $"{endpoint} keeps each of its {status.Revision} revisions: nothing has ever compacted them, and its database grows until it takes no more", CompactionFlags)
                : Finding.Note(Compaction, $"{endpoint} keeps each of its {status.Revision} revisions: whether auto-compaction is on is not known", CompactionFlags)
            : kept > TooMany
                ? Finding.Warning(Compaction, $"{endpoint} keeps {kept} revisions: the last compaction was long ago, and auto-compaction seems to be off", CompactionFlags)
                : Finding.Ok(Compaction, $"{endpoint} is compacted up to revision {compacted}, and keeps {kept}");
    }

    public static Finding OfQuota(string endpoint, EndpointStatus status)
    {
        var quota = status.QuotaBytes ?? DefaultQuota;
        var of = status.QuotaBytes is null ? $"a quota that it does not tell ({Wording.Megabytes(DefaultQuota)} if not set)" : $"a quota of {Wording.Megabytes(quota)}";
        var text = $"{endpoint} has a database of {Wording.Megabytes(status.DatabaseBytes)}, with {of}";
        return status.DatabaseBytes >= quota * Full
            ? Finding.Warning(
                Quota,
                $"{text}: soon nothing can be announced or withdrawn any more",
                $"etcdctl compact {status.Revision} && etcdctl defrag, {CompactionFlags}, or --quota-backend-bytes={quota * 2}")
            : status.QuotaBytes is null
                ? Finding.Note(Quota, text, "open etcd's /metrics to kamrpc, or set --quota-backend-bytes")
                : Finding.Ok(Quota, text);
    }
}
