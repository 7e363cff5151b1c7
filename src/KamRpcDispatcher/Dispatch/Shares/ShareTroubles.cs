using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>Tells what keeps shares from being followed.</summary>
internal static class ShareTroubles
{
    private const int LongestFault = 120;

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

    /// <summary>What Kamailio answered where it would not let a map be read or written, by set.</summary>
    public static void Refused(Dictionary<int, string> faults, TroubleTracker troubles)
    {
        if (faults.Count > 0)
        {
            troubles.Meet(TroubleKind.Shares, $"Kamailio refuses to have the share map read or written ({SafeText.Shorten(faults.Values.First(), LongestFault)}): calls are shared as before, or evenly", [.. faults.Keys]);
        }
    }
}
