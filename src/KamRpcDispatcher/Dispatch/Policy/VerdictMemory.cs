using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>
/// Remembers what Kamailio's probing had found when a destination was disabled or left: the list does not tell any more, and a server that
/// comes back is to be as it was judged.
/// </summary>
internal sealed class VerdictMemory(TimeProvider timeProvider)
{
    /// <summary>For how long a verdict on somebody who is not listed counts: later it is about another life of that server.</summary>
    private static readonly TimeSpan Lasting = TimeSpan.FromMinutes(5);

    private readonly Dictionary<EndpointKey, long> _foundDead = [];
    private readonly HashSet<EndpointKey> _awaitingProof = [];
    private KamailioInstance? _instance;

    public ImmutableHashSet<EndpointKey> FoundDead => [.. _foundDead.Keys];

    public ImmutableHashSet<EndpointKey> AwaitingProof => [.. _awaitingProof];

    /// <summary>Takes note of what the list shows.</summary>
    public void Observe(DispatcherTable table)
    {
        if (table.Instance != _instance)
        {
            // Its verdicts went with the Kamailio that made them.
            _instance = table.Instance;
            _foundDead.Clear();
            _awaitingProof.Clear();
        }

        var now = timeProvider.GetTimestamp();
        foreach (var entry in table.Destinations)
        {
            var key = new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri));
            if (entry.IsRoutable)
            {
                _foundDead.Remove(key);
                _awaitingProof.Remove(key);
            }
            else if (_foundDead.ContainsKey(key) || (entry.State == ListedState.Inactive && !_awaitingProof.Contains(key)))
            {
                _foundDead[key] = now;
            }
        }

        foreach (var (key, _) in _foundDead.Where(pair => timeProvider.GetElapsedTime(pair.Value) > Lasting).ToList())
        {
            _foundDead.Remove(key);
        }
    }

    /// <summary>Takes note of those that this tool makes inactive itself.</summary>
    public void Observe(ChangePlan plan)
    {
        foreach (var change in plan.Changes)
        {
            if (change is AddDestination { Flags: var flags } && (flags & DestinationFlags.Inactive) != 0
                || change is EnableDestination { State: ListedState.Inactive })
            {
                _awaitingProof.Add(new EndpointKey(change.Set, Spelling.EndpointOf(change.Uri)));
            }
        }
    }
}
