using KamRpcDispatcher.Operate.History;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>What came of something that was asked of a rollout.</summary>
public enum RolloutResult
{
    /// <summary>It is written.</summary>
    Written,

    /// <summary>There is no such set, label, value or rollout: nothing was written.</summary>
    Unknown,

    /// <summary>It would not be safe, or cannot be done to the rollout as it is: nothing was written.</summary>
    Refused,

    /// <summary>What was decided on changed each time before it could be written.</summary>
    KeepsChanging,

    /// <summary>Somebody else runs the set's rollout.</summary>
    Taken,
}

/// <summary>What came of it.</summary>
/// <param name="Result">What.</param>
/// <param name="View">What stood in etcd, with the rollout as it is now.</param>
public sealed record RolloutOutcome(RolloutResult Result, RolloutView View)
{
    /// <summary>Why not, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>The revision that proxies have to apply; null where the split was not changed.</summary>
    public long? Revision { get; init; }

    /// <summary>The entry in the history; null where nothing was written.</summary>
    public RecordedChange? Recorded { get; init; }
}

/// <summary>A rollout that is to begin.</summary>
/// <param name="Set">The set.</param>
/// <param name="Kind">How it goes.</param>
/// <param name="Label">The label.</param>
/// <param name="To">The value that is to get the calls.</param>
/// <param name="By">Who asks.</param>
public sealed record RolloutRequest(int Set, RolloutKind Kind, string Label, string To, string By)
{
    /// <summary>The shares of <see cref="To"/> in thousandths, ascending; of a blue/green none, as they follow from what is there.</summary>
    public IReadOnlyList<int> Steps { get; init; } = [];

    public TimeSpan Interval { get; init; }

    public string? Gate { get; init; }

    public TimeSpan GateTimeout { get; init; } = TimeSpan.FromMinutes(1);

    public int Failures { get; init; } = Rollout.DefaultFailures;

    public MinReady MinReady { get; init; } = MinReady.Default;

    public bool IsForced { get; init; }

    public string? Reason { get; init; }
}
