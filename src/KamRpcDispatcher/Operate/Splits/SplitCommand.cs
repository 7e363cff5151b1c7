using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate.History;

namespace KamRpcDispatcher.Operate.Splits;

/// <summary>What an operator asks for of a set.</summary>
/// <param name="Set">The set.</param>
/// <param name="Split">Its shares; null for none any more. Who asks, when and why is written by <paramref name="By"/> and <see cref="Reason"/>.</param>
/// <param name="By">Who asks, such as <c>user@host</c>.</param>
public sealed record SplitCommand(int Set, Split? Split, string By)
{
    /// <summary>Why, in the operator's words.</summary>
    public string? Reason { get; init; }

    /// <summary>How many ready members have to have a share.</summary>
    public MinReady MinReady { get; init; } = MinReady.Default;

    /// <summary>Whether it is written whatever speaks against it.</summary>
    public bool IsForced { get; init; }

    /// <summary>What the history calls it.</summary>
    public string What { get; init; } = "split";

    /// <summary>Whether it is only said what would be written.</summary>
    public bool IsDryRun { get; init; }
}

/// <summary>What came of it.</summary>
public enum SplitResult
{
    /// <summary>It is written.</summary>
    Written,

    /// <summary>It was so already.</summary>
    Unchanged,

    /// <summary>It would be written: a dry run.</summary>
    Planned,

    /// <summary>A set, a label or a value was named that nobody has: nothing was written.</summary>
    Unknown,

    /// <summary>Calls would be lost, or not be shared as asked for: nothing was written.</summary>
    Refused,

    /// <summary>What was decided on changed each time before it could be written.</summary>
    KeepsChanging,

    /// <summary>etcd does not let the history be written: nothing was changed.</summary>
    Unrecorded,
}

/// <summary>What one value of the label gets.</summary>
/// <param name="Label">The label's name.</param>
/// <param name="Value">The value.</param>
/// <param name="Before">Its share before, in thousandths; null where the set was not split by it.</param>
/// <param name="After">Its share from now on, in thousandths; null where the set is not split by it.</param>
/// <param name="Ready">How many ready members have it.</param>
/// <param name="Slots">How many slots of a share map it has when all of these are routable.</param>
public sealed record SplitShare(string Label, string Value, int? Before, int? After, int Ready, int Slots);

/// <summary>What came of a command.</summary>
/// <param name="Result">What.</param>
/// <param name="Revision">The store's revision from which on it is so; null where nothing is stored, and nothing was, where it is not written, and where nobody knows it.</param>
public sealed record SplitOutcome(SplitResult Result, long? Revision)
{
    /// <summary>The split before; null for none, and where it could not be read.</summary>
    public Split? Before { get; init; }

    /// <summary>Who gets what.</summary>
    public IReadOnlyList<SplitShare> Shares { get; init; } = [];

    /// <summary>Whether nobody who is ready has a value with a share: then it is not followed, and calls go to everybody who is ready.</summary>
    public bool IsForNobody { get; init; }

    /// <summary>Of a dry run what would become of the set; else null.</summary>
    public SetForecast? Forecast { get; init; }

    /// <summary>Why not, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>What somebody should know, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The change's entry in the history: of a transaction whose answer was lost it may not be there.</summary>
    public IReadOnlyList<RecordedChange> Recorded { get; init; } = [];

    /// <summary>Whether it is, or would be, as it was asked for.</summary>
    public bool IsDone => Result is SplitResult.Written or SplitResult.Unchanged or SplitResult.Planned;
}
