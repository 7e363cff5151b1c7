using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push.Reading;

/// <summary>
/// The entries of the reading before, for those of the next one that are the same: most are, of thousands, and what is known of one by its text need not be found out again each time.
/// </summary>
internal sealed class KnownEntries(IReadOnlyList<ListedDestination> before)
{
    private Dictionary<ListedKey, ListedDestination>? _byKey;
    private int _next;

    /// <summary>An entry as it was read, with the texts of the one before where they are the same.</summary>
    public ListedDestination Of(DispatcherDestination read, ListedState state)
    {
        if (Find(read) is not { } known || known.Attributes != read.Attributes)
        {
            return new ListedDestination(read.Set, read.Uri, state, read.IsProbed, read.Priority, read.Attributes) { Calls = read.DialogLoad ?? 0, MaxLoad = read.MaxLoad, IsExact = read.IsExact, Latency = read.Latency?.Estimate };
        }

        return known.State == state && known.Probing == read.IsProbed && known.Priority == read.Priority && known.Calls == (read.DialogLoad ?? 0) && known.MaxLoad == read.MaxLoad && known.IsExact == read.IsExact && known.Latency == read.Latency?.Estimate
            ? known
            : known with { State = state, Probing = read.IsProbed, Priority = read.Priority, Calls = read.DialogLoad ?? 0, MaxLoad = read.MaxLoad, IsExact = read.IsExact, Latency = read.Latency?.Estimate };
    }

    /// <summary>Where it was, or after one that has gone; else by its text.</summary>
    private ListedDestination? Find(DispatcherDestination read)
    {
        for (var at = _next; at < before.Count && at < _next + 2; at++)
        {
            if (before[at].Set == read.Set && before[at].Uri == read.Uri)
            {
                _next = at + 1;
                return before[at];
            }
        }

        return (_byKey ??= before.DistinctBy(Key).ToDictionary(Key)).GetValueOrDefault(new ListedKey(read.Set, read.Uri));
    }

    private static ListedKey Key(ListedDestination entry) => new(entry.Set, entry.Uri);
}
