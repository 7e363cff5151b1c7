using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Push;

/// <summary>What one Kamailio has, read at one moment.</summary>
/// <param name="Version">Its release.</param>
/// <param name="Life">Which start of it.</param>
/// <param name="Destinations">Its dispatcher list, in Kamailio's order.</param>
public sealed record DispatcherTable(KamailioVersion Version, KamailioLife Life, IReadOnlyList<ListedDestination> Destinations)
{
    /// <summary>Entries that could not be understood: they are there, and are left alone.</summary>
    public IReadOnlyList<UnreadableEntry> Unreadable { get; init; } = [];
}
