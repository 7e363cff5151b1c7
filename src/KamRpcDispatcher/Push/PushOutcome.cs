using System.Collections.Immutable;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Guards;

namespace KamRpcDispatcher.Push;

/// <summary>How far a push got.</summary>
/// <param name="Applied">How many changes Kamailio accepted.</param>
/// <param name="IsBusy">Whether Kamailio takes no structural change for now.</param>
/// <param name="Refused">How many changes Kamailio refused.</param>
public sealed record PushOutcome(int Applied, bool IsBusy, int Refused)
{
    /// <summary>What was held back, and why.</summary>
    public ImmutableArray<Objection> Objections { get; init; } = [];

    /// <summary>What was sent to put somebody else's destinations back, whatever became of it.</summary>
    public ImmutableArray<AddDestination> Restored { get; init; } = [];

    /// <summary>Those that still get calls, because without them their set would have nobody.</summary>
    public ImmutableArray<DisableDestination> Deferred { get; init; } = [];
}
