using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>The part of a report that is about some sets only. What is known of one set may follow from what is said of others, so this is done last.</summary>
internal static class ReportFilter
{
    public static ProxyStatus Of(ProxyStatus status, IReadOnlySet<int> sets, Func<int, bool> isKnown)
    {
        var counts = status.Sets.Where(set => sets.Contains(set.Key)).Select(static set => set.Value).ToList();

        // An earlier version counts for all sets together: that may be of these.
        var isCounted = status.Loop is not null;
        var held = status.Held.Where(member => sets.Contains(member.Key.Set)).ToList();
        var quarantined = status.Quarantined.Where(destination => sets.Contains(destination.Set)).ToList();
        return status with
        {
            Sets = status.Sets.RemoveRange(status.Sets.Keys.Where(set => !sets.Contains(set))),
            MoreSets = sets.All(isKnown) ? 0 : status.MoreSets,
            Drift = isCounted ? Sum(static set => set.Drift) : status.Drift,
            Deviations = [.. status.Deviations.Where(deviation => sets.Contains(deviation.Set))],
            Held = [.. held],
            MoreHeld = isCounted ? Math.Max(0, Sum(static set => set.Held) - held.Count) : status.MoreHeld,
            Quarantined = [.. quarantined],
            MoreQuarantined = isCounted ? Math.Max(0, Sum(static set => set.Refused) - quarantined.Count) : status.MoreQuarantined,
            Superseded = [.. status.Superseded.Where(superseded => sets.Contains(superseded.Member.Set))],
            Shares = status.Shares is { } shares
                ? shares with { Classes = [.. shares.Classes.Where(one => sets.Contains(one.Set))], Members = [.. shares.Members.Where(one => sets.Contains(one.Set))] }
                : null,
            Troubles = [.. status.Troubles.Where(trouble => trouble.Sets.IsEmpty || trouble.Sets.Any(sets.Contains))],
        };

        int Sum(Func<SetStatus, long> count) => (int)Math.Min(int.MaxValue, counts.Sum(count));
    }
}
