using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Proxies;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Announce;

/// <summary>Tells whoever leaves of whom the proxies have silenced what it asks for, and no more than they have.</summary>
internal static class SilenceReport
{
    private const int MostNamed = 20;

    /// <param name="acknowledgement">What the proxies say; none is missing.</param>
    /// <param name="own">The members that leave.</param>
    /// <param name="occupied">Those of them whose keys somebody else has or nobody could write, of which was told already: calls may go on.</param>
    /// <param name="logger">Where to log.</param>
    /// <returns>Whether every live proxy has silenced all of them, and no calls go on by another name.</returns>
    public static bool Tell(Acknowledgement acknowledgement, IEnumerable<MemberKey> own, IReadOnlySet<MemberKey> occupied, ILogger logger)
    {
        var all = own.ToHashSet();
        var silenced = all.Except(occupied).ToHashSet();
        foreach (var served in acknowledgement.Superseded.Where(superseded => superseded.IsServed && silenced.Contains(superseded.Member)).DistinctBy(static superseded => superseded.Member).ToList())
        {
            // Calls go on where another name has the address.
            AnnounceLog.ServedByAnother(logger, served.Member, served.Holder);
            silenced.Remove(served.Member);
        }

        if (acknowledgement.Proxies > 0 && silenced.Where(member => acknowledgement.Unserved.Contains(member.Set)).ToHashSet() is { Count: > 0 } unserved)
        {
            AnnounceLog.NobodyServes(logger, acknowledgement.Proxies, Names(unserved));
            silenced.ExceptWith(unserved);
        }

        if (silenced.Count == 0)
        {
            return false;
        }

        if (acknowledgement.Proxies == 0)
        {
            AnnounceLog.NobodyAcknowledged(logger);
        }
        else if (acknowledgement.Unnamed > 0)
        {
            AnnounceLog.NotSureOf(logger, acknowledgement.Proxies, acknowledgement.Unnamed, Names(silenced));
        }
        else if (silenced.Count == all.Count)
        {
            AnnounceLog.Acknowledged(logger, acknowledgement.Proxies);
            return true;
        }
        else
        {
            AnnounceLog.OthersAcknowledged(logger, acknowledgement.Proxies, Names(silenced));
        }

        return false;
    }

    private static string Names(HashSet<MemberKey> members) =>
        string.Join(", ", members.Order().Take(MostNamed)) + (members.Count > MostNamed ? $" and {members.Count - MostNamed} more" : string.Empty);
}
