using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Push.Shares;

/// <summary>The table in one Kamailio (module htable) with the share maps that its routing goes by: one for each set that has shares. Empty after a restart.</summary>
internal interface IShareTable
{
    /// <summary>Reads the map of a set.</summary>
    /// <exception cref="KamailioRpcException">It could not be read, for another reason than that there is no such table.</exception>
    Task<ListedMap> ReadAsync(int set, CancellationToken cancellationToken);

    /// <summary>Replaces the map of a set as a whole, or removes it: then calls go to the home set.</summary>
    /// <exception cref="KamailioRpcException">It was refused, or its outcome is unknown.</exception>
    Task WriteAsync(int set, ShareMap? map, CancellationToken cancellationToken);
}

/// <summary>The map of a set as Kamailio has it.</summary>
/// <param name="HasTable">Whether there is a table for maps at all.</param>
/// <param name="Text">The text; null for none.</param>
internal readonly record struct ListedMap(bool HasTable, string? Text)
{
    /// <summary>The map; null for none, and for a text that is none: the snippet goes by no such text either.</summary>
    public ShareMap? Map => ShareMap.TryParse(Text, out var map, out _) ? map : null;
}

/// <summary>The table over Kamailio's RPC interface.</summary>
internal sealed class ShareTable(IRpcClient client) : IShareTable
{
    /// <summary>Its name in Kamailio's config.</summary>
    public const string Name = "kamrpc_shares";

    public async Task<ListedMap> ReadAsync(int set, CancellationToken cancellationToken)
    {
        try
        {
            return new ListedMap(HasTable: true, await client.GetHashValueAsync(Name, Key(set), cancellationToken).ConfigureAwait(false));
        }
        catch (KamailioFaultException fault) when (HashTableCommands.IsTableMissing(fault))
        {
            return new ListedMap(HasTable: false, null);
        }
    }

    public Task WriteAsync(int set, ShareMap? map, CancellationToken cancellationToken) => map is null
        ? client.DeleteHashValueAsync(Name, Key(set), cancellationToken)
        : client.SetHashValueAsync(Name, Key(set), map.Text, cancellationToken);

    private static string Key(int set) => set.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
