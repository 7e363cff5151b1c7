using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Splits;

namespace KamRpcDispatcher.Operate;

/// <summary>What an operator may wish of members, and of proxies.</summary>
public enum IntentWish
{
    /// <summary>Members get no new calls, and proxies ask their VIPs to leave, until that is taken back.</summary>
    Drain,

    /// <summary>Members are what they announce, again; proxies ask for nothing any more.</summary>
    Resume,

    /// <summary>Members have a weight in place of the one that they announce, or that one again.</summary>
    Weigh,
}

/// <summary>The words for it.</summary>
public static class IntentWishText
{
    /// <summary>As the command is called.</summary>
    public static string Of(IntentWish wish) => wish switch
    {
        IntentWish.Drain => "drain",
        IntentWish.Resume => "resume",
        _ => "weight",
    };
}

/// <summary>What an operator asks for.</summary>
/// <param name="Wish">What becomes of them.</param>
/// <param name="Selection">Of whom.</param>
/// <param name="By">Who asks, such as <c>user@host</c>.</param>
public sealed record IntentCommand(IntentWish Wish, IntentSelection Selection, string By)
{
    /// <summary>Why, in the operator's words.</summary>
    public string? Reason { get; init; }

    /// <summary>Of <see cref="IntentWish.Weigh"/> the weight, 1 to 100; null for the one that is announced.</summary>
    public int? Weight { get; init; }

    /// <summary>Whether it is only said what would be written.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>What a drain has to leave of each set, or of the proxies.</summary>
    public MinReady MinReady { get; init; } = MinReady.Default;

    /// <summary>Whether it drains whatever is left, and takes back what others have given.</summary>
    public bool IsForced { get; init; }
}

/// <summary>What a member, or a proxy, was before a command.</summary>
public enum MemberBefore
{
    Ready,
    Draining,
    Down,

    /// <summary>An operator had drained it.</summary>
    Drained,

    /// <summary>It is not announced, or does not report: only an intent of it is there, if that.</summary>
    Absent,

    /// <summary>Its record cannot be used, and an earlier one may be in force.</summary>
    Unusable,

    /// <summary>Its key is gone, and a proxy keeps it as it was: too many went at once (PANIC), or etcd was away.</summary>
    Held,

    /// <summary>Of a proxy: it reports.</summary>
    Reporting,
}

/// <summary>The words for it.</summary>
public static class MemberBeforeText
{
    public static string Of(MemberBefore before) => before switch
    {
        MemberBefore.Ready => "ready",
        MemberBefore.Draining => "draining",
        MemberBefore.Down => "down",
        MemberBefore.Drained => "drained",
        MemberBefore.Absent => "absent",
        MemberBefore.Held => "held",
        MemberBefore.Reporting => "reporting",
        _ => "unusable",
    };
}

/// <summary>An intent that is as it was asked for.</summary>
/// <param name="Subject">Whose.</param>
/// <param name="Was">What that was before.</param>
/// <param name="Revision">The store's revision that made it so; 0 where nothing is stored, and nothing was, or nobody knows it.</param>
public sealed record IntentChange(IntentSubject Subject, MemberBefore Was, long Revision)
{
    /// <summary>The member; of a proxy it says nothing.</summary>
    public MemberKey Key => Subject.Member;

    /// <summary>The weight that was in force before, an operator's or the announced one; null for none.</summary>
    public int? WeightBefore { get; init; }

    /// <summary>What somebody else had wished of it in the same way, and this has replaced or taken back; null where nobody else had.</summary>
    public Intent? Earlier { get; init; }
}

/// <summary>What came of a command.</summary>
public enum IntentResult
{
    /// <summary>Every intent is as it was asked for.</summary>
    Written,

    /// <summary>Something would be written, or is so already: a dry run.</summary>
    Planned,

    /// <summary>An intent of which something would be kept cannot be read: nothing was written.</summary>
    Unreadable,

    /// <summary>Somebody was named whom nobody knows: nothing was written.</summary>
    Unknown,

    /// <summary>Somebody else has given what would be taken back: nothing was written.</summary>
    GivenByOthers,

    /// <summary>Too few would be left: nothing was written.</summary>
    BelowFloor,

    /// <summary>Nothing was written: Kamailio's list could not be read any more by some proxy.</summary>
    NoRoom,

    /// <summary>What was decided on changed each time before it could be written.</summary>
    KeepsChanging,

    /// <summary>etcd does not let the history be written: nothing was changed.</summary>
    Unrecorded,
}

/// <summary>What came of a command, and of whom.</summary>
/// <param name="Result">What.</param>
/// <param name="Changed">Those whose intent was written, by key: with another result than <see cref="IntentResult.Written"/> those of many that were written before.</param>
/// <param name="Unchanged">Those whose intent was so already.</param>
public sealed record IntentOutcome(IntentResult Result, IReadOnlyList<IntentChange> Changed, IReadOnlyList<IntentChange> Unchanged)
{
    /// <summary>Why not; empty where it is <see cref="IntentResult.Written"/> or <see cref="IntentResult.Planned"/>. Each is a sentence, safe to print.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>What somebody should know, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Who may have been meant too, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> Unjudged { get; init; } = [];

    /// <summary>The changes' entries in the history: of a transaction whose answer was lost it may not be there.</summary>
    public IReadOnlyList<RecordedChange> Recorded { get; init; } = [];

    /// <summary>Of a dry run what would become of the members' sets.</summary>
    public IReadOnlyList<SetForecast> Forecast { get; init; } = [];

    /// <summary>Whether a change was made of which nobody knows the revision, so that nobody can be waited for: its answer was lost.</summary>
    public bool IsUntraced => Changed.Any(static change => change.Revision == 0);

    /// <summary>The revision from which on all are as asked for; null where nothing is stored, and nothing was, and where nobody knows it.</summary>
    public long? Revision => Changed.Concat(Unchanged).Select(static change => change.Revision).DefaultIfEmpty(0).Max() is var revision and > 0 ? revision : null;
}
