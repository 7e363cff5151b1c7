using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Pruning;

/// <summary>Finds the records that have lost what they are about. Who is kept by a proxy, or whose record cannot be used, is there; what cannot be told is kept.</summary>
/// <param name="view">Members, intents and proxies, at one revision.</param>
/// <param name="keys">Where the records are.</param>
/// <param name="olderThan">What is younger is kept.</param>
/// <param name="now">The time.</param>
internal sealed class OrphanFinder(OperatorView view, EtcdKeys keys, TimeSpan olderThan, DateTimeOffset now)
{
    private readonly HashSet<MemberKey> _there =
    [
        .. view.Members.Select(static announced => announced.Member.Key),
        .. view.Rejected.Select(static record => record.Member).OfType<MemberKey>(),
        .. view.Proxies.SelectMany(static proxy => proxy.Status?.Held ?? []).Select(static member => member.Key),
    ];

    /// <summary>Whether nobody is known of whom every proxy says what it keeps.</summary>
    private readonly string? _unknown = view.Proxies.FirstOrDefault(static proxy => proxy.Status is null) is { } unreadable
        ? $"the report of proxy {SafeText.Shorten(unreadable.Name)} cannot be read, and whom it keeps is not known"
        : null;

    /// <summary>The wishes for members that are gone.</summary>
    public IEnumerable<Orphan> Intents() =>
        from pair in view.Intents
        where !_there.Contains(pair.Key)
        orderby pair.Key
        let intent = pair.Value.Intent
        select WithAge(new Orphan(OrphanKind.Intent, pair.Key.Set, pair.Key.Name, intent is null ? "cannot be read" : WordsOf(intent.IsDrained, intent.Weight, intent.By)) { Key = keys.Intent(pair.Key), ModRevision = pair.Value.ModRevision, At = intent?.At });

    /// <summary>The splits of sets that have no members.</summary>
    public IEnumerable<Orphan> Splits(KeyListing listed)
    {
        foreach (var (set, pair) in OfGoneSets(keys.Splits, listed))
        {
            var isReadable = SplitRecord.TryRead(set, pair.Value.Memory, out var split, out _);
            var what = isReadable ? $"by {SafeText.Shorten(split!.Label)}{Of(split.By)}" : "cannot be read";
            yield return WithAge(new Orphan(OrphanKind.Split, set, null, what) { Key = pair.Key.ToStringUtf8(), ModRevision = pair.ModRevision, At = split?.At });
        }
    }

    /// <summary>The rollouts of sets that have no members: one that is not over is somebody's to end.</summary>
    public IEnumerable<Orphan> Rollouts(KeyListing listed)
    {
        foreach (var (set, pair) in OfGoneSets(keys.Rollouts, listed))
        {
            RolloutRecord.TryRead(set, pair.Value.Memory, out var rollout, out _);
            var orphan = new Orphan(OrphanKind.Rollout, set, null, rollout is null ? "cannot be read" : $"{RolloutText.Of(rollout.Kind)}, {RolloutText.Of(rollout.Phase)}{Of(rollout.By)}") { Key = pair.Key.ToStringUtf8(), ModRevision = pair.ModRevision, At = rollout?.Since };
            yield return rollout is { HasEnded: false } ? orphan with { Kept = FormattableString.Invariant($"it is not over: 'kamrpc rollout abort {set}' ends it") } : WithAge(orphan);
        }
    }

    /// <summary>The numbers of classes of sets that are gone: of those where a proxy has destinations they are needed, as where a split stays.</summary>
    /// <param name="listed">All numbers.</param>
    /// <param name="splits">All splits that are kept.</param>
    public IEnumerable<Orphan> Classes(KeyListing listed, IReadOnlySet<int> splits)
    {
        foreach (var (set, pair) in OfGoneSets(keys.Classes, listed))
        {
            var listing = view.Proxies.FirstOrDefault(proxy => proxy.Status is { } status && (status.Sets.TryGetValue(set, out var there) ? there.Destinations > 0 : status.MoreSets > 0));
            yield return new Orphan(OrphanKind.Classes, set, null, ClassRecord.TryRead(pair.Value.Memory, out var numbers, out _) ? FormattableString.Invariant($"{numbers.Count} numbers") : "cannot be read")
            {
                Key = pair.Key.ToStringUtf8(), ModRevision = pair.ModRevision,
                Kept = Unseen(set) ?? (splits.Contains(set) ? "the set has a split" : listing is not null ? $"proxy {SafeText.Shorten(listing.Name)} may have destinations in the set" : _unknown),
            };
        }
    }

    /// <summary>The counts of calls of members that are gone, which no lease ends.</summary>
    public IEnumerable<Orphan> Calls(KeyListing listed)
    {
        foreach (var pair in listed.Keys.Where(static pair => pair.Lease == 0))
        {
            if (keys.TryParseCallCount(pair.Key.ToStringUtf8(), out var member, out _) && !_there.Contains(member))
            {
                var isReadable = CallCountRecord.TryRead(pair.Value.Memory, out var count, out _);
                yield return WithAge(new Orphan(OrphanKind.Calls, member.Set, member.Name, isReadable ? count!.ToString() : "cannot be read") { Key = pair.Key.ToStringUtf8(), ModRevision = pair.ModRevision, At = count?.At });
            }
        }
    }

    private static string WordsOf(bool isDrained, int? weight, string by) =>
        $"{(isDrained ? "drained" : "not drained")}{(weight is { } number ? FormattableString.Invariant($", weight {number}") : string.Empty)}{Of(by)}";

    private static string Of(string by) => by.Length > 0 ? $", by {SafeText.Shorten(by)}" : string.Empty;

    private IEnumerable<(int Set, Mvccpb.KeyValue Pair)> OfGoneSets(string prefix, KeyListing listed)
    {
        var there = _there.Select(static member => member.Set).ToHashSet();
        foreach (var pair in listed.Keys)
        {
            if (EtcdKeys.TryParseSet(prefix, pair.Key.ToStringUtf8(), out var set, out _) && !there.Contains(set))
            {
                yield return (set, pair);
            }
        }
    }

    /// <summary>Whose members come from elsewhere than etcd, that set may have them.</summary>
    private string? Unseen(int set) => ElsewhereMembers.SourcesOf(view, set) is { Count: > 0 } sources ? $"{sources[0]}, and who is in it is not seen here" : null;

    private Orphan WithAge(Orphan orphan) => orphan with
    {
        Kept = Unseen(orphan.Set) is { } unseen ? unseen
            : olderThan <= TimeSpan.Zero ? _unknown
            : orphan.At is not { } at ? "it does not say how old it is: --older-than 0s takes it too"
            : now - at < olderThan ? "it is younger than --older-than"
            : _unknown,
    };
}
