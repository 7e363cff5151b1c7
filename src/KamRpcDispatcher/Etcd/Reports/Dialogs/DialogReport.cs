using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Reports.Dialogs;

/// <summary>What the dialogs of a proxy's Kamailio tell of the calls that are up; a proxy whose Kamailio counts none has no such report.</summary>
public sealed record DialogReport
{
    /// <summary>As many drained members are counted; of more nothing is known.</summary>
    public const int MostCounted = 50;

    /// <summary>When this Kamailio was started, by the proxy's clock: of calls of before it knows nothing. Null where that is not known.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>When they were counted, by the proxy's clock; null while nobody is drained.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Of each drained member that Kamailio's list has the calls that are up.</summary>
    public ImmutableArray<DialogCount> Members { get; init; } = [];

    /// <summary>The calls on a member; null where it was not counted.</summary>
    public int? CallsOf(MemberKey member) => Members.FirstOrDefault(count => count.Member == member)?.Calls;

    /// <summary>Whether everybody is to know it soon: another count, or the same once more, so that it can be told from an old one.</summary>
    internal static bool IsNews(DialogReport? before, DialogReport? after) =>
        before is null || after is null ? before != after
        : before.Since != after.Since || !before.Members.SequenceEqual(after.Members) || after.At - before.At >= Repeated;

    /// <summary>A report is written within a second after it is due.</summary>
    private static readonly TimeSpan Repeated = TimeSpan.FromSeconds(1.5);
}

/// <summary>The calls that are up on a drained member, by the dialogs of one Kamailio.</summary>
/// <param name="Member">Which.</param>
/// <param name="Calls">From the INVITE that was sent there to the end of the call.</param>
public sealed record DialogCount(MemberKey Member, int Calls);
