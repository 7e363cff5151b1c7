using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Telemetry;

/// <summary>What the last cycle went by, for whoever shows it: values that nobody changes any more.</summary>
/// <param name="At">When that was, by this host's clock.</param>
/// <param name="Destinations">Kamailio's list as it was read.</param>
/// <param name="Members">The members that the dispatcher follows.</param>
/// <param name="Revision">The store's revision of these.</param>
public sealed record ObservedCycle(DateTimeOffset At, IReadOnlyList<ListedDestination> Destinations, IReadOnlyList<Member> Members, long Revision)
{
    /// <summary>Whether the members, or those of one source, are those that were saved by an earlier daemon.</summary>
    public bool IsFromSnapshot { get; init; }

    /// <summary>Those that an operator has drained, and that would get calls else; with whose wish that is.</summary>
    public IReadOnlyDictionary<MemberKey, Intent> Drained { get; init; } = ImmutableDictionary<MemberKey, Intent>.Empty;

    /// <summary>Where an entry leads, whatever its spelling; the text itself of what is no SIP URI.</summary>
    public static string EndpointOf(string uri) => Spelling.EndpointOf(uri);

    internal static ObservedCycle Of(CycleSituation cycle, DateTimeOffset at)
    {
        var membership = cycle.Membership;
        return new(at, cycle.Table.Destinations, membership.Members, membership.Revision)
        {
            IsFromSnapshot = membership.HasSaved,
            Drained = membership.Drains(),
        };
    }
}

/// <summary>What goes on in a dispatcher, for whoever shows it: read at any time, by any thread.</summary>
public sealed class LiveView(TimeProvider timeProvider)
{
    private ObservedCycle? _cycle;

    /// <summary>What the last cycle went by; null before one has been.</summary>
    public ObservedCycle? Cycle => Volatile.Read(ref _cycle);

    /// <summary>The calls of members over the last minutes.</summary>
    public CallHistory Calls { get; } = new(timeProvider);

    /// <summary>Told after each cycle, by the loop: it has to return at once. Null for nobody.</summary>
    public Action? Cycled { get; set; }

    internal void Observe(CycleSituation cycle) => Observe(ObservedCycle.Of(cycle, timeProvider.GetUtcNow()));

    internal void Observe(ObservedCycle cycle)
    {
        Volatile.Write(ref _cycle, cycle);
        Cycled?.Invoke();
    }
}
