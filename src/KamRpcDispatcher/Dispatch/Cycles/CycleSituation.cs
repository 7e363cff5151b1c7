using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Cycles;

/// <summary>What one cycle saw of both sides, and what it is about to do.</summary>
/// <param name="Membership">What is announced.</param>
/// <param name="Held">Expired members that are held back.</param>
/// <param name="Table">What Kamailio has.</param>
/// <param name="Plan">The difference.</param>
/// <param name="AwaitingProof">Those that are inactive because this tool wanted a proof first.</param>
internal sealed record CycleSituation(
    Membership Membership, IReadOnlyList<Member> Held, DispatcherTable Table, ChangePlan Plan, ImmutableHashSet<EndpointKey> AwaitingProof)
{
    /// <summary>Sets that were in use, and that everybody has left.</summary>
    public IReadOnlySet<int> Deserted { get; init; } = ImmutableHashSet<int>.Empty;

    /// <summary>Whether something is to be done by and by though the plan has nothing now: a removal that is due, or what a rebuild took from others and is not back.</summary>
    public bool OwesLater { get; init; }
}
