using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>What is waited for.</summary>
/// <param name="Wish">What was wished.</param>
/// <param name="Revision">The store's revision from which on it is so.</param>
/// <param name="Members">Those of whom it was wished; nobody where it was of proxies.</param>
public sealed record AppliedTarget(IntentWish Wish, long Revision, IReadOnlySet<MemberKey> Members)
{
    /// <summary>The proxies of which it was wished: each has to follow it itself, and no other has to do anything.</summary>
    public IReadOnlySet<string> Proxies { get; init; } = ImmutableHashSet<string>.Empty;

    /// <summary>The set whose split was written, or ended; null where nothing was wished of a set.</summary>
    public int? Split { get; init; }

    /// <summary>Proxies that have to have it whether they report or not, by name, and what is said of one that does not; those that report, and do not serve the sets, are none of them.</summary>
    public IReadOnlyDictionary<string, string> Expected { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>What is waited for together; none where it is this alone.</summary>
    public IReadOnlyList<AppliedTarget> Parts { get; init; } = [];

    /// <summary>All of these, of one change.</summary>
    public static AppliedTarget OfAll(IReadOnlyList<AppliedTarget> parts) =>
        new(IntentWish.Resume, parts.Max(static part => part.Revision), ImmutableHashSet<MemberKey>.Empty) { Parts = parts };

    /// <summary>What is waited for where a set was split, or is not any more.</summary>
    public static AppliedTarget OfSplit(int set, long revision) => new(IntentWish.Resume, revision, ImmutableHashSet<MemberKey>.Empty) { Split = set };

    /// <summary>What is waited for where something was wished of these, of members or of proxies.</summary>
    public static AppliedTarget Of(IntentWish wish, long revision, IEnumerable<IntentSubject> subjects)
    {
        var (members, proxies) = (new HashSet<MemberKey>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var subject in subjects)
        {
            _ = subject.Proxy is { } proxy ? proxies.Add(proxy) : members.Add(subject.Member);
        }

        return new AppliedTarget(wish, revision, members) { Proxies = proxies };
    }

    /// <summary>Their sets.</summary>
    public IReadOnlySet<int> Sets => Split is { } split ? new HashSet<int> { split } : Members.Select(static member => member.Set).ToHashSet();
}

/// <summary>How a proxy is with what is waited for.</summary>
/// <param name="Name">Its name, safe to print.</param>
/// <param name="Sets">Those of the sets that it may serve.</param>
/// <param name="Missing">Why it cannot be said to have applied it, in a few words; null where it has, and has read it back.</param>
public sealed record AppliedProxy(string Name, IReadOnlyList<int> Sets, string? Missing)
{
    public bool IsApplied => Missing is null;

    /// <summary>When it was first seen to have applied it, a timestamp; null where it has not, and where nobody watched.</summary>
    public long? AppliedAt { get; init; }

    /// <summary>Whether it does not report, and did not when the waiting began: nobody knows whether it ever will.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>Whether it is waited for though it does not report.</summary>
    public bool IsExpected { get; init; }
}

/// <summary>How all proxies are with what is waited for.</summary>
/// <param name="Proxies">Those that may serve one of the sets, by name: those that report, and those that did when the waiting began.</param>
/// <param name="Unserved">The sets that none of them may serve: nobody has applied anything there.</param>
public sealed record AppliedState(IReadOnlyList<AppliedProxy> Proxies, IReadOnlyList<int> Unserved)
{
    /// <summary>How many proxies report, whatever they serve.</summary>
    public int Reporting { get; init; }

    /// <summary>Why etcd cannot be followed at the moment; null where it can.</summary>
    public string? Outage { get; init; }

    /// <summary>Whether every proxy has applied it, in every set.</summary>
    public bool IsApplied => Proxies.Count > 0 && Unserved.Count == 0 && Proxies.All(static proxy => proxy.IsApplied);

    /// <summary>Whether there is nobody to wait for: no proxy is there, or none but those that have applied it.</summary>
    public bool HasNobody => Outage is null && (Proxies.Count == 0 || (Proxies.Any(static proxy => proxy.IsAbsent) && Proxies.All(static proxy => proxy.IsApplied || proxy.IsAbsent)));
}
