using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Splits;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Operate.Declared;

/// <summary>What is asked for: that etcd says what a file declares.</summary>
/// <param name="File">The file.</param>
/// <param name="Owner">Whose declarations they are.</param>
/// <param name="By">Who asks, such as <c>user@host</c>.</param>
public sealed record SiteCommand(SiteFile File, string Owner, string By)
{
    /// <summary>Why, in the operator's words.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether what this owner has declared before, and does not any more, is taken back.</summary>
    public bool Prunes { get; init; }

    /// <summary>What drains and splits have to leave of each set.</summary>
    public MinReady MinReady { get; init; } = MinReady.Default;

    /// <summary>Whether it is written whatever speaks against it, and over what others have written.</summary>
    public bool IsForced { get; init; }

    /// <summary>Whether it is only said what would be written.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Finds what may have been meant by a name that nobody has; the nearest first.</summary>
    public Func<string, IReadOnlyCollection<string>, IReadOnlyList<string>> Near { get; init; } = static (_, _) => [];
}

/// <summary>What becomes of a record.</summary>
public enum SiteChangeKind
{
    Add,
    Change,
    Remove,
}

/// <summary>A record that is not as it is declared.</summary>
/// <param name="Kind">What becomes of it.</param>
/// <param name="Set">Its set.</param>
/// <param name="Name">The member; null for the split of the set.</param>
/// <param name="Before">What it says now, safe to print.</param>
/// <param name="After">What it will say, safe to print.</param>
public sealed record SiteChange(SiteChangeKind Kind, int Set, string? Name, string Before, string After)
{
    /// <summary><c>1/a</c>, or <c>set 1</c>.</summary>
    public string Subject => Name is null ? FormattableString.Invariant($"set {Set}") : new MemberKey(Set, Name).ToString();
}

/// <summary>What came of it.</summary>
public enum SiteResult
{
    /// <summary>All of it is written, by one transaction.</summary>
    Written,

    /// <summary>It was so already.</summary>
    Unchanged,

    /// <summary>It would be written: a dry run.</summary>
    Planned,

    /// <summary>A member, a label or a value is declared that nobody has: nothing was written.</summary>
    Unknown,

    /// <summary>Something speaks against it: nothing was written.</summary>
    Refused,

    /// <summary>What was decided on changed each time before it could be written.</summary>
    KeepsChanging,

    /// <summary>etcd does not let the history be written: nothing was changed.</summary>
    Unrecorded,
}

/// <summary>What came of a command.</summary>
/// <param name="Result">What.</param>
/// <param name="Changes">What is, or would be, changed: by set, the split after the members.</param>
public sealed record SiteOutcome(SiteResult Result, IReadOnlyList<SiteChange> Changes)
{
    /// <summary>The store's revision that wrote it; null where nothing was written, and where nobody knows it.</summary>
    public long? Revision { get; init; }

    /// <summary>Of a dry run what would become of the sets.</summary>
    public IReadOnlyList<SetForecast> Forecast { get; init; } = [];

    /// <summary>What this owner has declared before, does not any more, and what stays; each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Kept { get; init; } = [];

    /// <summary>Why not, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>Whether <see cref="SiteCommand.IsForced"/> writes it nevertheless.</summary>
    public bool IsForceable { get; init; }

    /// <summary>What somebody should know, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The change's entry in the history: of a transaction whose answer was lost it may not be there.</summary>
    public IReadOnlyList<RecordedChange> Recorded { get; init; } = [];

    /// <summary>What proxies have to have applied for all of it to be in force; null where nothing is declared.</summary>
    public AppliedTarget? Target { get; init; }
}
