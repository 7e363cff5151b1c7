using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>Tells what keeps shares from being followed.</summary>
internal static class ShareTroubles
{
    public static void Meet(CycleShares shares, TroubleTracker troubles)
    {
        Meet(shares.WithoutTable, "split by an operator, and Kamailio has no table for shares, so that its calls are shared evenly: kamrpc doctor beside it says which lines to add");
        Meet(shares.WithoutPercentages, "weights are percentages here, and Kamailio has no table for shares, so that they are relative weights of destinations instead: kamrpc doctor beside it says which lines to add");
        Meet(shares.WithoutZone, "a zone is preferred here (--zone), and Kamailio has no table for shares, so that members of every zone get calls: kamrpc doctor beside it says which lines to add");
        Meet(
            [.. shares.Sets.Where(static set => set.IsOverfull).Select(static set => set.Set)],
            "the percentages of its ready members are too many: they are scaled to 100 together, and whoever has none gets no calls; announce less, or dispatch --share map");

        void Meet(IReadOnlyList<int> sets, string text)
        {
            if (sets.Count > 0)
            {
                troubles.Meet(TroubleKind.Shares, text, sets);
            }
        }
    }
}
