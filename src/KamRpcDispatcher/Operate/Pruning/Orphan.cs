using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Operate.Pruning;

/// <summary>What kind of record has lost what it is about.</summary>
public enum OrphanKind
{
    /// <summary>An operator's wish for a member that is gone.</summary>
    Intent,

    /// <summary>The split of a set that has no members.</summary>
    Split,

    /// <summary>The numbers of the classes of a set that is gone.</summary>
    Classes,

    /// <summary>A count of calls of a member that is gone, which nobody keeps.</summary>
    Calls,

    /// <summary>A rollout that is over, of a set that has no members.</summary>
    Rollout,
}

/// <summary>A record that has lost what it is about.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Set">The set.</param>
/// <param name="Name">The member's name; null where it concerns the set.</param>
/// <param name="What">What it says, in a few words, safe to print.</param>
public sealed record Orphan(OrphanKind Kind, int Set, string? Name, string What)
{
    /// <summary>Since when it stands there, as it says itself; null where it does not.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Why it is kept all the same, a sentence, safe to print; null where it may be deleted.</summary>
    public string? Kept { get; init; }

    /// <summary>Its key.</summary>
    internal string Key { get; init; } = string.Empty;

    /// <summary>The store's revision of it that was seen: of another one it is not deleted.</summary>
    internal long ModRevision { get; init; }

    /// <summary>Its member; nobody's where it concerns the set.</summary>
    internal MemberKey Member => new(Set, Name ?? string.Empty);
}

/// <summary>What is to be pruned.</summary>
/// <param name="OlderThan">What is younger stays: a member that is restarted keeps its drain.</param>
/// <param name="By">Who asks.</param>
public sealed record PruneCommand(TimeSpan OlderThan, string By)
{
    /// <summary>Why, in the operator's words.</summary>
    public string? Reason { get; init; }
}

/// <summary>What came of it.</summary>
/// <param name="Result">What: <see cref="IntentResult.Written"/>, <see cref="IntentResult.KeepsChanging"/> or <see cref="IntentResult.Unrecorded"/>.</param>
/// <param name="Deleted">What was deleted, even where the rest was not.</param>
/// <param name="Revision">The store's revision that deleted the last of it; 0 where nothing was.</param>
public sealed record PruneOutcome(IntentResult Result, IReadOnlyList<Orphan> Deleted, long Revision)
{
    /// <summary>Why not all of it; empty where all was. Each is a sentence, safe to print.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];
}
