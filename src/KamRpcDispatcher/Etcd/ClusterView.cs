using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd;

/// <summary>What the store holds of a cluster at one revision: what was announced, and what the proxies made of it.</summary>
/// <param name="Revision">The revision read.</param>
/// <param name="MemberRevision">The newest revision of a member's record. A deletion leaves no record, and so is not seen here, but by <see cref="MemberRecords"/>.</param>
/// <param name="Members">The members, by key.</param>
/// <param name="Rejected">The members' records that cannot be used. Whether a dispatcher keeps an earlier one in force only it knows.</param>
/// <param name="Proxies">The proxies, by name.</param>
public sealed record ClusterView(
    long Revision,
    long MemberRevision,
    IReadOnlyList<AnnouncedMember> Members,
    IReadOnlyList<RejectedRecord> Rejected,
    IReadOnlyList<ReportingProxy> Proxies)
{
    /// <summary>Where the members come from, where a dispatcher said it in etcd's place; empty for etcd.</summary>
    public IReadOnlyList<MemberSource> Sources { get; init; } = [];

    /// <summary>Whether a dispatcher without etcd was asked to which no source has told its members yet: who they are is not known.</summary>
    public bool IsUntold { get; init; }

    /// <summary>Whether that dispatcher uses etcd too, in which other proxies may report.</summary>
    public bool IsOfOneProxy { get; init; }

    /// <summary>How many records of members there are, those that cannot be used too; null where nobody has counted.</summary>
    public int? MemberRecords { get; init; }

    /// <summary>The newest revision of those members' records that count for <see cref="BehindMembers"/>: null for all.</summary>
    public long? NewestOfShown { get; init; }

    /// <summary>The sets of members that were left out of <see cref="Members"/>, since others are to be shown; none as a rule.</summary>
    public IReadOnlyList<int> SetsNotShown { get; init; } = [];

    /// <summary>What operators wish, by member, of those too that are not announced; empty where <see cref="IntentsRefused"/> says why nobody knows.</summary>
    public ImmutableSortedDictionary<MemberKey, StoredIntent> Intents { get; init; } = ImmutableSortedDictionary<MemberKey, StoredIntent>.Empty;

    /// <summary>What operators wish of proxies, by name, of those too that do not report.</summary>
    public ImmutableSortedDictionary<string, StoredIntent> ProxyIntents { get; init; } = ImmutableSortedDictionary<string, StoredIntent>.Empty;

    /// <summary>The records of operators' wishes that cannot be used. Whether a dispatcher keeps an earlier one in force only it knows.</summary>
    public IReadOnlyList<RejectedRecord> RejectedIntents { get; init; } = [];

    /// <summary>The newest revision of a wish's record; 0 where there is none. One that was taken back leaves no record, and so is not seen here.</summary>
    public long IntentRevision { get; init; }

    /// <summary>The newest revision of those wishes that count for <see cref="BehindIntents"/>: null for all.</summary>
    public long? NewestIntentOfShown { get; init; }

    /// <summary>Why the store does not let this user read what operators wish, safe to print; null where it does.</summary>
    public string? IntentsRefused { get; init; }

    /// <summary>Why etcd does not let splits be read; null where it does. Whom one gives no share is not known then.</summary>
    public string? SplitsRefused { get; init; }

    /// <summary>What announcers say of the calls that are up on members that are drained; empty where nobody is, and where the store does not let this user read them.</summary>
    public IReadOnlyDictionary<MemberKey, StoredCallCount> CallCounts { get; init; } = ImmutableDictionary<MemberKey, StoredCallCount>.Empty;

    /// <summary>What is known of the calls that are up on a drained member, by its announcer, or else by the dialogs of the proxies' Kamailio; null where nobody counts them.</summary>
    public StoredCallCount? CallsOf(MemberKey member, DateTimeOffset now) => CallCounts.GetValueOrDefault(member) ?? (Intents.GetValueOrDefault(member) is { Intent.IsDrained: true } ? DialogCalls.Of(member, Proxies, now) : null);

    /// <summary>The wishes of members that are not announced: they take effect when those come back.</summary>
    public IEnumerable<StoredIntent> IntentsNotAnnounced
    {
        get
        {
            var announced = Members.Select(static member => member.Member.Key).ToHashSet();
            return Intents.Values.Where(stored => !announced.Contains(stored.Intent.Key));
        }
    }

    /// <summary>How many of the store's revisions a proxy is behind the newest record of a member, or of an operator's wish where it follows those.</summary>
    public long Behind(ProxyStatus status) => Math.Max(BehindMembers(status), BehindIntents(status));

    /// <summary>How many of the store's revisions a proxy is behind the newest member's record.</summary>
    public long BehindMembers(ProxyStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return Math.Max(0, (NewestOfShown ?? MemberRevision) - status.Revision);
    }

    /// <summary>How many of the store's revisions a proxy is behind the newest record of an operator's wish; 0 where it follows none, and where it works from what was saved, which is told.</summary>
    public long BehindIntents(ProxyStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return status is { FollowsIntents: true, IsFromSnapshot: false } ? Math.Max(0, (NewestIntentOfShown ?? IntentRevision) - (status.Intents?.Revision ?? 0)) : 0;
    }

    /// <summary>
    /// How many records a proxy goes by that are not there any more: their deletion it has not followed, and those members may still get calls from
    /// it; or how many it lacks, of a store that was restored. 0 where its report does not tell, as when it lacks newer records too. For a whole view only.
    /// </summary>
    public long Unfollowed(ProxyStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return status.Follows is null ? UnfollowedBySets(status)
            : MemberRecords is { } records && status.Follows.Revision >= MemberRevision ? Math.Abs((long)status.Follows.Records - records)
            : 0;
    }

    /// <summary>As far as the ready members show that it counts. Of a record that cannot be used it may have an earlier one in force.</summary>
    private long UnfollowedBySets(ProxyStatus status)
    {
        var ready = Members.Where(static announced => announced.Member.State == MemberState.Ready).CountBy(static announced => announced.Member.Key.Set).ToDictionary();
        return status.Sets.Sum(set => Math.Max(0L, (set.Value.Wanted ?? 0) - ready.GetValueOrDefault(set.Key) - Rejected.Count));
    }
}

/// <summary>Where members come from that are in no etcd.</summary>
/// <param name="Name">As <c>--source</c> has it, safe to print.</param>
/// <param name="AwaySince">Since when it cannot be read; null while it can.</param>
/// <param name="Reason">Why not, safe to print; null while it can be read.</param>
public sealed record MemberSource(string Name, DateTimeOffset? AwaySince, string? Reason)
{
    /// <summary>As a proxy reports it.</summary>
    public static MemberSource Of(ReportedSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new MemberSource(source.Name, source.AwaySince, source.Reason);
    }
}
