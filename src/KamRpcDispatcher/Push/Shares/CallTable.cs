using System.Globalization;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;

namespace KamRpcDispatcher.Push.Shares;

/// <summary>The table in one Kamailio (module htable) in which the snippet counts the calls of sets that are shared, by the destination that has them first. Empty after a restart; a count that nobody adds to for an hour goes.</summary>
internal interface ICallTable
{
    /// <summary>Reads one count: a call of its own for each, so that no reply is longer than a transport carries, whatever the table has.</summary>
    /// <exception cref="KamailioRpcException">It could not be read, for another reason than that there is no such table.</exception>
    Task<ListedCount> ReadAsync(CountKey key, CancellationToken cancellationToken);
}

/// <summary>Whose calls are counted.</summary>
/// <param name="Set">The home set.</param>
/// <param name="ClassSet">The set of the class by which they came; 0 for the home set itself.</param>
/// <param name="Uri">The destination, as Kamailio lists it.</param>
internal readonly record struct CountKey(int Set, int ClassSet, string Uri)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Set}:{ClassSet}:{Uri}");
}

/// <summary>A count as Kamailio has it.</summary>
/// <param name="HasTable">Whether there is a table for counts at all.</param>
/// <param name="Calls">The calls: 0 where nothing is there.</param>
internal readonly record struct ListedCount(bool HasTable, long Calls);

/// <summary>The table over Kamailio's RPC interface.</summary>
internal sealed class CallTable(IRpcClient client) : ICallTable
{
    /// <summary>Its name in Kamailio's config.</summary>
    public const string Name = "kamrpc_counts";

    public async Task<ListedCount> ReadAsync(CountKey key, CancellationToken cancellationToken)
    {
        try
        {
            var text = await client.GetHashValueAsync(Name, key.ToString(), cancellationToken).ConfigureAwait(false);
            return new ListedCount(HasTable: true, long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var calls) ? calls : 0);
        }
        catch (KamailioFaultException fault) when (HashTableCommands.IsTableMissing(fault))
        {
            return new ListedCount(HasTable: false, 0);
        }
    }
}
