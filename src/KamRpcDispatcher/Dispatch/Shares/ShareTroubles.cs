using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>Tells what keeps shares from being followed.</summary>
internal static class ShareTroubles
{
    private const int LongestFault = 120;

    private const int MostNamed = 3;

    /// <param name="shares">The shares of the cycle.</param>
    /// <param name="cluster">Whose keys are in etcd.</param>
    /// <param name="troubles">Told them.</param>
    public static void Meet(CycleShares shares, string cluster, TroubleTracker troubles)
    {
        var keys = new EtcdKeys(cluster);
        Meet(shares.WithoutTable, "split by an operator, and Kamailio has no table for shares, so that its calls are shared evenly: kamrpc doctor beside it says which lines to add");
        Meet(shares.WithoutPercentages, "weights are percentages here, and Kamailio has no table for shares, so that they are relative weights of destinations instead: kamrpc doctor beside it says which lines to add");
        Meet(shares.WithoutZone, "a zone is preferred here (--zone), and Kamailio has no table for shares, so that members of every zone get calls: kamrpc doctor beside it says which lines to add");
        Meet(
            [.. shares.Sets.Where(static set => set.IsOverfull).Select(static set => set.Set)],
            "the percentages of its ready members take all calls (more than 100 are scaled to it), and whoever has none gets no calls; announce less, or dispatch --share map");

        Meet(shares.Unserved, "split between values that no ready member has, so that the split is not followed, and calls go evenly to all who are ready, those without a share too: bring back somebody who has one, or 'kamrpc split' it otherwise");
        var claimed = shares.Claimed.Take(MostNamed).Select(set => $"'etcdctl del {keys.ClassesOf(set)}'").ToList();
        Meet(shares.Claimed, $"the numbers of its classes in etcd are another set's too, so that its shares are not followed: {string.Join(", ", claimed)}{(shares.Claimed.Count > MostNamed ? " and so on" : string.Empty)} has them given anew");

        void Meet(IReadOnlyList<int> sets, string text)
        {
            if (sets.Count > 0)
            {
                troubles.Meet(TroubleKind.Shares, text, sets);
            }
        }
    }

    /// <summary>What Kamailio answered where it would not let a map be read or written, by set.</summary>
    public static void Refused(IReadOnlyDictionary<int, string> faults, TroubleTracker troubles)
    {
        if (faults.Count > 0)
        {
            troubles.Meet(TroubleKind.Shares, $"Kamailio refuses to have the share map read or written ({SafeText.Shorten(faults.Values.First(), LongestFault)}): calls are shared as before, or evenly", [.. faults.Keys]);
        }
    }
}
