using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>Whose calls the sets of classes get, by Kamailio's share maps.</summary>
/// <param name="Classes">Of each set of a class whose calls it gets, and how many of their slots.</param>
/// <param name="WithoutHome">The sets whose maps send no call to the set itself: there only what fails over arrives.</param>
internal sealed record ClassListing(IReadOnlyDictionary<int, (int Home, int Slots)> Classes, IReadOnlySet<int> WithoutHome)
{
    /// <summary>The htable of the snippet's with the share maps.</summary>
    private const string SharesTable = "kamrpc_shares";

    /// <summary>Of a Kamailio without share maps there are none, nor of one that does not tell them.</summary>
    public static async Task<ClassListing> ReadAsync(RpcClient client, DispatcherList list, CancellationToken cancellationToken)
    {
        var (classes, withoutHome) = (new Dictionary<int, (int Home, int Slots)>(), new HashSet<int>());
        var listing = new ClassListing(classes, withoutHome);
        if (!list.Destinations.Any(static entry => ClassSets.Has(entry.Set)))
        {
            return listing;
        }

        try
        {
            foreach (var home in list.Destinations.Select(static entry => entry.Set).Where(static set => !ClassSets.Has(set) && set != MemberKey.ReservedSet).Distinct())
            {
                var text = await client.GetHashValueAsync(SharesTable, Ages.Number(home), cancellationToken).ConfigureAwait(false);
                if (!ShareMap.TryParse(text, out var map, out _))
                {
                    continue;
                }

                foreach (var (number, slots) in map.Counts.Where(static count => count.Key != ShareMap.HomeNumber))
                {
                    classes[ShareMap.FirstSet + number] = (home, slots);
                }

                if (map.CountOf(ShareMap.HomeNumber) == 0)
                {
                    withoutHome.Add(home);
                }
            }
        }
        catch (KamailioRpcException)
        {
            // What gets calls is told all the same.
        }

        return listing;
    }
}
