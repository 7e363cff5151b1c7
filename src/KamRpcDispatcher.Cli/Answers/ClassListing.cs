using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>Whose calls the sets of classes get, by Kamailio's share maps.</summary>
internal static class ClassListing
{
    /// <summary>The htable of the snippet's with the share maps.</summary>
    private const string SharesTable = "kamrpc_shares";

    /// <summary>Of a Kamailio without share maps there are none, nor of one that does not tell them.</summary>
    public static async Task<IReadOnlyDictionary<int, (int Home, int Slots)>> ReadAsync(RpcClient client, DispatcherList list, CancellationToken cancellationToken)
    {
        var classes = new Dictionary<int, (int Home, int Slots)>();
        if (!list.Destinations.Any(static entry => ClassSets.Has(entry.Set)))
        {
            return classes;
        }

        try
        {
            foreach (var home in list.Destinations.Select(static entry => entry.Set).Where(static set => !ClassSets.Has(set) && set != MemberKey.ReservedSet).Distinct())
            {
                var text = await client.GetHashValueAsync(SharesTable, Ages.Number(home), cancellationToken).ConfigureAwait(false);
                foreach (var (number, slots) in ShareMap.TryParse(text, out var map, out _) ? map.Counts : new Dictionary<int, int>())
                {
                    classes[ShareMap.FirstSet + number] = (home, slots);
                }
            }
        }
        catch (KamailioRpcException)
        {
            // What gets calls is told all the same.
        }

        return classes;
    }
}
