using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>What came of something that was asked of a rollout.</summary>
public enum RolloutResult
{
    /// <summary>It is written.</summary>
    Written,

    /// <summary>It would be written: a dry run.</summary>
    Planned,

    /// <summary>There is no such set, label, value or rollout: nothing was written.</summary>
    Unknown,

    /// <summary>It would not be safe, or cannot be done to the rollout as it is: nothing was written.</summary>
    Refused,

    /// <summary>Too few would be ready, or calls not be shared so: nothing was written; forced, it is done nevertheless.</summary>
    NotSafe,

    /// <summary>Who ran it has left meanwhile: nothing was written, since nobody would go on with it.</summary>
    Unrun,

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

    /// <summary>What proxies have to apply; null for nothing.</summary>
    public AppliedTarget? Target { get; init; }

    /// <summary>What whoever has it begin nevertheless should know, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Of a dry run what would happen, step by step.</summary>
    public IReadOnlyList<RolloutForecast> Steps { get; init; } = [];

    /// <summary>Of a dry run of what happens to one that is there: how that is now.</summary>
    public Rollout? Now { get; init; }

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

    /// <summary>Of a <see cref="RolloutKind.Rolling"/> how members are restarted, without those.</summary>
    public RollingRestart? Restart { get; init; }

    /// <summary>Of a <see cref="RolloutKind.Rolling"/> the labels that members have to have; empty for all of the set.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    public TimeSpan Interval { get; init; }

    public string? Gate { get; init; }

    public TimeSpan GateTimeout { get; init; } = TimeSpan.FromMinutes(1);

    public int Failures { get; init; } = Rollout.DefaultFailures;

    public MinReady MinReady { get; init; } = MinReady.Default;

    public bool IsForced { get; init; }

    public string? Reason { get; init; }
}
