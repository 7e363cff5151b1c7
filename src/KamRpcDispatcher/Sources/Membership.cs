using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources;

/// <summary>The members of a cluster at one revision of the store.</summary>
/// <param name="Revision">The revision that this membership takes in.</param>
/// <param name="Members">Every member, those without a usable record left out.</param>
/// <param name="Rejected">The records that cannot be used.</param>
public sealed record Membership(long Revision, IReadOnlyList<Member> Members, IReadOnlyList<RejectedRecord> Rejected)
{
    /// <summary>The members that went lately without saying so, the first to go first.</summary>
    public IReadOnlyList<ExpiredMember> Expired { get; init; } = [];

    /// <summary>Those that went so and are there again, in whatever state: part of the event in which others went, all the same.</summary>
    public IReadOnlyList<ExpiredMember> Returned { get; init; } = [];

    /// <summary>Why those went that are not there any more, of the last thousand at least; for the log.</summary>
    public IReadOnlyDictionary<MemberKey, LeaveCause> Left { get; init; } = ImmutableDictionary<MemberKey, LeaveCause>.Empty;

    /// <summary>How many records the store has of members, those that cannot be used too; null where that is not known.</summary>
    public int? Records { get; init; }

    /// <summary>Whether it was saved by an earlier daemon, and the store has not been read since.</summary>
    public bool IsFromSnapshot { get; init; }

    /// <summary>The sources that have told nothing since the daemon was started, whose members are those that were saved, while the others are followed.</summary>
    public IReadOnlyList<string> SavedOnly { get; init; } = [];

    /// <summary>Whether all members or those of a source are as they were saved.</summary>
    public bool HasSaved => IsFromSnapshot || SavedOnly.Count > 0;

    /// <summary>When the store that it was read from was heard last, by the clock of <see cref="ExpiredMember.Mark"/>; as long as nobody is doubted, a time before that.</summary>
    public TimeSpan Heard { get; init; }

    /// <summary>What operators wish of the members; null where nobody has read that.</summary>
    public OperatorIntents? Intents { get; init; }

    /// <summary>What operators wish of the shares of sets; null where nobody has read that.</summary>
    public OperatorShares? Shares { get; init; }

    /// <summary>Those that get no new calls since an operator drained them, though they announce that they are ready, or did so until they expired.</summary>
    public IReadOnlySet<MemberKey> Drained { get; init; } = ImmutableHashSet<MemberKey>.Empty;

    /// <summary>Whose wish that is of each of <see cref="Drained"/>; one that says no more where it is not known.</summary>
    public IReadOnlyDictionary<MemberKey, Intent> Drains() =>
        Drained.Count == 0 ? ImmutableDictionary<MemberKey, Intent>.Empty : Drained.ToDictionary(static key => key, key => Intents?.ByMember.GetValueOrDefault(key) ?? new Intent(key) { IsDrained = true });

    /// <summary>Where members stand beside their home set: in the sets of their classes, of which one that changes its class has several.</summary>
    public ILookup<MemberKey, MemberKey> ClassKeys { get; init; } = NoClassKeys;

    private static readonly ILookup<MemberKey, MemberKey> NoClassKeys = Array.Empty<MemberKey>().ToLookup(static key => key);

    /// <summary>Those that start slowly and get calls in the sets of their classes alone, though they are ready.</summary>
    public IReadOnlySet<MemberKey> Apart { get; init; } = ImmutableHashSet<MemberKey>.Empty;

    /// <summary>By set: which source brought its members, by the name that it has in messages. A set that is not in it is etcd's where <see cref="Store"/> is known, see <see cref="SourceOf"/>.</summary>
    public IReadOnlyDictionary<int, string> Sources { get; init; } = ImmutableDictionary<int, string>.Empty;

    /// <summary>What is wrong with sources though they can be read.</summary>
    public IReadOnlyList<SourceWarning> Warnings { get; init; } = [];

    /// <summary>Which source brought a set's members; null where that is not known.</summary>
    public string? SourceOf(int set) => Sources.GetValueOrDefault(set) ?? (Sources.Count == 0 && Store is not null ? StoreOutage.Etcd : null);

    /// <summary>Those of these sets that are not known as this source's, as <c> of file:/a.json</c>; empty for none.</summary>
    internal string OfOthers(IEnumerable<int> sets, Func<int, string> source)
    {
        List<string> others = [.. sets.Distinct().Where(set => SourceOf(set) is { } saved && saved != source(set)).Select(set => SafeText.Shorten(SourceOf(set)!, LongestSource)).Distinct().Order(StringComparer.Ordinal)];
        return others.Count == 0 ? string.Empty : $" of {string.Join(", ", others.Take(MostSources))}{(others.Count > MostSources ? " and others" : string.Empty)}";
    }

    private const int LongestSource = 100;
    private const int MostSources = 3;

    /// <summary>Whether it is another one's equal, made anew from the same reading, and shared in the same way.</summary>
    internal bool IsSameAs(Membership other) => ReferenceEquals(this, other)
        || (this with { Members = other.Members, ClassKeys = other.ClassKeys, Apart = other.Apart } == other && Apart.SetEquals(other.Apart) && Members.SequenceEqual(other.Members));

    /// <summary>Which store it was read from; null where that is not known.</summary>
    public StoreIdentity? Store { get; init; }
}

/// <summary>Something is wrong with a source, though it can be read.</summary>
/// <param name="Set">The set that it is about.</param>
/// <param name="Text">What it is and what to do.</param>
public sealed record SourceWarning(int Set, string Text);

/// <summary>Which etcd a membership was read from.</summary>
/// <param name="ClusterId">The id that etcd answers with. Two that differ are two stores; two stores that were set up alike may have the same.</param>
/// <param name="Endpoints">Where it was reached, for people: one store may have many addresses.</param>
public sealed record StoreIdentity(ulong ClusterId, string Endpoints)
{
    /// <summary>The id as etcdctl prints it (<c>--hex</c>), and the addresses.</summary>
    public override string ToString() => $"cluster id {ClusterId:x}, at {Destinations.SafeText.Shorten(Endpoints, 256)}";
}

/// <summary>A store, or another origin of members, cannot be used.</summary>
/// <param name="Since">When that was noticed.</param>
/// <param name="Reason">Why, as it was said last.</param>
internal sealed record StoreOutage(DateTimeOffset Since, string Reason)
{
    /// <summary>What etcd is called.</summary>
    public const string Etcd = "etcd";

    /// <summary>What cannot be used, as <see cref="Origins.MemberOrigin.Name"/> calls it.</summary>
    public string Store { get; init; } = Etcd;
}
