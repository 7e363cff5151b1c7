using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>What of a status is new, and how urgent.</summary>
internal static class ReportNews
{
    /// <summary>Whether somebody waits for it: for an acknowledgement, or to learn that Kamailio is lost, or back.</summary>
    public static bool IsAwaited(ProxyStatus before, ProxyStatus after) =>
        before.Revision != after.Revision || before.Silenced != after.Silenced || before.Intents != after.Intents || before.Splits != after.Splits || WishOf(before) != WishOf(after) || before.Contact?.Answers != after.Contact?.Answers;

    /// <summary>The revision alone is none: it moves with every wish, and whoever waits for one that concerns a member is told of that by its own.</summary>
    private static ProxyIntent? WishOf(ProxyStatus status) => status.Intent is { } intent ? intent with { Revision = 0 } : null;

    /// <summary>Whether anything is: times of reading and writing, how long grace periods took, what calls were counted, how long the list is, and what the loop is at while it goes on, are not.</summary>
    public static bool IsNew(ProxyStatus before, ProxyStatus after) => before.Hangs != after.Hangs || before.IsListOld != after.IsListOld || !(
        before with
        {
            AppliedAt = after.AppliedAt,
            WrittenAt = after.WrittenAt,
            Grace = after.Grace,
            Loop = after.Loop,
            Shares = after.Shares,
            List = after.List,
            Sets = after.Sets,
            Applies = after.Applies,
            Troubles = after.Troubles,
            Deviations = after.Deviations,
            Held = after.Held,
            Quarantined = after.Quarantined,
            Superseded = after.Superseded,
            Starting = after.Starting,
            Unshared = after.Unshared,
        } == after
        && before.Sets.SequenceEqual(after.Sets)
        && before.Applies.SequenceEqual(after.Applies)
        && before.Troubles.SequenceEqual(after.Troubles)
        && before.Deviations.SequenceEqual(after.Deviations)
        && before.Held.SequenceEqual(after.Held)
        && before.Quarantined.SequenceEqual(after.Quarantined)
        && before.Superseded.SequenceEqual(after.Superseded)
        && before.Starting.SequenceEqual(after.Starting)
        && before.Unshared.SequenceEqual(after.Unshared));
}
