using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Operate;

/// <summary>Whom an operator wishes something of: a member, or a proxy.</summary>
/// <param name="Member">The member; of a proxy it says nothing.</param>
/// <param name="Proxy">The proxy's name; null for a member.</param>
public readonly record struct IntentSubject(MemberKey Member, string? Proxy) : IComparable<IntentSubject>
{
    /// <summary>Below this stand the wishes of which one transaction's conditions speak together: those of one set, or of all proxies.</summary>
    internal string Group => Proxy is null ? FormattableString.Invariant($"{Member.Set}/") : "proxies/";

    /// <summary>Where its wish stands below all of them.</summary>
    internal string Path => Group + (Proxy ?? Member.Name);

    public static implicit operator IntentSubject(MemberKey member) => new(member, null);

    public static IntentSubject OfProxy(string name) => new(default, name);

    public int CompareTo(IntentSubject other) =>
        string.CompareOrdinal(Proxy, other.Proxy) is var order and not 0 ? order : Proxy is null ? Member.CompareTo(other.Member) : 0;

    /// <summary><c>1/asterisk-1</c>, or the proxy's name.</summary>
    public override string ToString() => Proxy ?? Member.ToString();

    public static bool operator <(IntentSubject left, IntentSubject right) => left.CompareTo(right) < 0;

    public static bool operator <=(IntentSubject left, IntentSubject right) => left.CompareTo(right) <= 0;

    public static bool operator >(IntentSubject left, IntentSubject right) => left.CompareTo(right) > 0;

    public static bool operator >=(IntentSubject left, IntentSubject right) => left.CompareTo(right) >= 0;
}

/// <summary>Whom a command means, and what has to be left when they go.</summary>
public abstract class IntentSelection
{
    /// <summary>Finds what may have been meant by a name that nobody has; the nearest first.</summary>
    public Func<string, IReadOnlyCollection<string>, IReadOnlyList<string>> Near { get; init; } = static (_, _) => [];

    /// <summary>Those who are meant, in order; none where something is wrong.</summary>
    /// <param name="command">The command.</param>
    /// <param name="view">What is there.</param>
    /// <param name="errors">What nobody has, each with what is there instead: safe to print.</param>
    internal abstract IReadOnlyList<IntentSubject> Find(IntentCommand command, OperatorView view, out IReadOnlyList<string> errors);

    /// <summary>Who may be meant too, and nobody knows; each a sentence, safe to print.</summary>
    internal abstract IReadOnlyList<string> Unjudged(OperatorView view);

    /// <summary>Checks whether enough is left when these are drained.</summary>
    internal abstract Grounds Check(IntentCommand command, OperatorView view, IReadOnlyCollection<IntentSubject> leaving);

    /// <summary><c>a, b and 3 more</c>, or <c>a, b or c</c>.</summary>
    private protected static string ListOf(IEnumerable<string> texts, string last = "and")
    {
        const int Most = 8;
        List<string> all = [.. texts];
        return all.Count > Most ? FormattableString.Invariant($"{string.Join(", ", all.Take(Most))} and {all.Count - Most} more")
            : all.Count > 1 ? $"{string.Join(", ", all.SkipLast(1))} {last} {all[^1]}"
            : string.Concat(all);
    }
}

/// <summary>On what a decision rests.</summary>
/// <param name="Refusals">What speaks against it, each a sentence, safe to print; empty where nothing does.</param>
/// <param name="Counted">Those who are counted on.</param>
internal sealed record Grounds(IReadOnlyList<string> Refusals, IReadOnlyList<CountedKey> Counted);

/// <summary>A key that has to stay as it was read.</summary>
/// <param name="Group">As <see cref="IntentSubject.Group"/>: it counts where somebody of that goes.</param>
/// <param name="Key">The key.</param>
/// <param name="Revision">The revision that it has to be of.</param>
internal readonly record struct CountedKey(string Group, string Key, long Revision)
{
    /// <summary>Whether only its creation has to be of that revision: whatever is written to it, it has to be there.</summary>
    public bool IsOfCreation { get; init; }
}
