using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Dialogs;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>What of a status is new, and how urgent.</summary>
internal static class ReportNews
{
    /// <summary>Whether everybody is to know it at once: that Kamailio is lost, or back, and what is wished of the proxy itself.</summary>
    public static bool IsUrgent(ProxyStatus before, ProxyStatus after) => WishOf(before) != WishOf(after) || before.Contact?.Answers != after.Contact?.Answers;

    /// <summary>Whether it has come further, which somebody may wait for.</summary>
    public static bool IsProgress(ProxyStatus before, ProxyStatus after) =>
        before.Revision != after.Revision || before.Silenced != after.Silenced || before.Intents != after.Intents || before.Splits != after.Splits;

    /// <summary>Whether it has come to a revision that is waited for, by any of its numbers.</summary>
    /// <param name="before">What was reported.</param>
    /// <param name="after">What is so now.</param>
    /// <param name="isAwaited">Whether any revision after the one and up to the other is waited for.</param>
    public static bool IsAwaited(ProxyStatus before, ProxyStatus after, Func<long, long, bool> isAwaited)
    {
        return Reaches(before.Revision, after.Revision)
            || Reaches(before.Silenced, after.Silenced)
            || Reaches(before.Intents?.Revision, after.Intents?.Revision)
            || Reaches(before.Intents?.Silenced, after.Intents?.Silenced)
            || Reaches(before.Splits?.Revision, after.Splits?.Revision);

        bool Reaches(long? from, long? to) => from != to && to is { } revision && isAwaited(from ?? 0, revision);
    }

    /// <summary>The revision alone is none: it moves with every wish, and whoever waits for one that concerns a member is told of that by its own.</summary>
    private static ProxyIntent? WishOf(ProxyStatus status) => status.Intent is { } intent ? intent with { Revision = 0 } : null;

    /// <summary>Whether anything is: times of reading and writing, how long grace periods took, what calls were counted, how long the list is, and what the loop is at while it goes on, are not.</summary>
    public static bool IsNew(ProxyStatus before, ProxyStatus after) => before.Hangs != after.Hangs || before.IsListOld != after.IsListOld || DialogReport.IsNews(before.Dialogs, after.Dialogs) || !(
        before with
        {
            AppliedAt = after.AppliedAt,
            WrittenAt = after.WrittenAt,
            Grace = after.Grace,
            Loop = after.Loop,
            Shares = after.Shares,
            List = after.List,
            Dialogs = after.Dialogs,
            Sets = after.Sets,
            Applies = after.Applies,
            Troubles = after.Troubles,
            Deviations = after.Deviations,
            Held = after.Held,
            Quarantined = after.Quarantined,
            Superseded = after.Superseded,
            Starting = after.Starting,
            Unshared = after.Unshared,
            Sources = after.Sources,
        } == after
        && before.Sets.SequenceEqual(after.Sets)
        && before.Applies.SequenceEqual(after.Applies)
        && before.Troubles.SequenceEqual(after.Troubles)
        && before.Deviations.SequenceEqual(after.Deviations)
        && before.Held.SequenceEqual(after.Held)
        && before.Quarantined.SequenceEqual(after.Quarantined)
        && before.Superseded.SequenceEqual(after.Superseded)
        && before.Starting.SequenceEqual(after.Starting)
        && before.Unshared.SequenceEqual(after.Unshared)
        && before.Sources.Select(static source => (source.Name, source.AwaySince)).SequenceEqual(after.Sources.Select(static source => (source.Name, source.AwaySince))));
}
