using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

/// <summary>What one Kamailio has, read at one moment.</summary>
/// <param name="Version">Its release.</param>
/// <param name="Instance">Which start of it.</param>
/// <param name="Destinations">Its dispatcher list, in Kamailio's order.</param>
public sealed record DispatcherTable(KamailioVersion Version, KamailioInstance Instance, IReadOnlyList<ListedDestination> Destinations)
{
    /// <summary>Entries that could not be understood: they are there, and are left alone.</summary>
    public IReadOnlyList<UnreadableEntry> Unreadable { get; init; } = [];

    /// <summary>As it will be when those that a plan silences or takes away get no calls any more.</summary>
    internal DispatcherTable After(ChangePlan plan)
    {
        var leaving = plan.Disables.Concat<Change>(plan.Silencings).Concat(plan.Removes).Select(static change => (change.Set, change.Uri)).ToHashSet();
        return leaving.Count == 0
            ? this
            : this with { Destinations = [.. Destinations.Select(entry => leaving.Contains((entry.Set, entry.Uri)) ? entry with { State = ListedState.Disabled } : entry)] };
    }
}
