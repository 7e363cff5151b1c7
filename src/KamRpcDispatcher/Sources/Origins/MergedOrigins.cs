using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>An origin that is followed.</summary>
/// <param name="Origin">Which.</param>
/// <param name="Source">What follows it.</param>
internal sealed record FollowedOrigin(MemberOrigin Origin, IMemberOrigin Source);

/// <summary>Which origin brings a set: the one that names it, else the one that names none.</summary>
internal sealed class OriginsBySet(IReadOnlyList<FollowedOrigin> origins)
{
    private readonly Dictionary<int, FollowedOrigin> _named = origins.SelectMany(static one => (one.Origin.Sets ?? []).Select(set => (set, one))).ToDictionary(static pair => pair.set, static pair => pair.one);
    private readonly FollowedOrigin? _ofOthers = origins.FirstOrDefault(static one => one.Origin.Sets is null);

    /// <summary>Null where no origin brings it.</summary>
    public FollowedOrigin? Of(int set) => _named.GetValueOrDefault(set) ?? _ofOthers;
}

/// <summary>
/// Several origins as one: each brings the members of its sets, and nobody else's. Where etcd is among them the revision is etcd's, as proxies acknowledge by it; else it is
/// counted here.
/// </summary>
/// <remarks>
/// An origin that has not told anything yet keeps the others from nothing as long as it is known what it told last: that stays. Where it is not, there is no membership: who is
/// in Kamailio's list would be taken out. Nor is anybody let go at once whose set no origin brings: see <see cref="UnnamedSets"/>.
/// </remarks>
internal sealed class MergedOrigins : IMemberOrigin
{
    private const int LongestName = 200;

    /// <summary>As many of others' sets are told of.</summary>
    private const int MostTold = 1000;

    private readonly Lock _lock = new();
    private readonly IReadOnlyList<FollowedOrigin> _origins;
    private readonly FollowedOrigin? _etcd;
    private readonly OriginsBySet _bySet;
    private readonly UnnamedSets? _unnamed;
    private readonly Membership?[] _saved;
    private Membership? _before;
    private readonly ILogger? _logger;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long _revision;
    private Merged? _last;

    /// <param name="origins">Which.</param>
    /// <param name="logger">Where to log; null for nowhere.</param>
    /// <param name="unnamed">Takes members of before that are in none of their sets; null for nobody.</param>
    public MergedOrigins(IReadOnlyList<FollowedOrigin> origins, ILogger<MergedOrigins>? logger = null, UnnamedSets? unnamed = null)
    {
        _unnamed = origins.Any(static one => one.Origin.Sets is null) ? null : unnamed;
        (_origins, _logger) = (origins, logger);
        _saved = new Membership?[origins.Count];
        _etcd = origins.FirstOrDefault(static one => one.Origin is EtcdOrigin);
        _bySet = new OriginsBySet(origins);
    }

    /// <summary>The first that is away: others may be too.</summary>
    public StoreOutage? Away => _origins.Select(static one => one.Source.Away).FirstOrDefault(static away => away is not null);

    /// <summary>Of the one that was heard least lately.</summary>
    public TimeSpan? HeardAgo => _origins.Select(static one => one.Source.HeardAgo).ToList() is var ages && ages.Contains(null) ? null : ages.Max();

    public Membership? Current
    {
        get
        {
            lock (_lock)
            {
                var parts = _origins.Select((one, index) => one.Source.Current ?? _saved[index]).OfType<Membership>().ToList();
                if (parts.Count < _origins.Count || _origins.All(static one => one.Source.Current is null))
                {
                    return null;
                }

                _unnamed?.Begin();
                if (_unnamed?.Current is { } gone)
                {
                    parts.Add(gone);
                }

                if (_last is null || !_last.Parts.Zip(parts).All(static pair => ReferenceEquals(pair.First, pair.Second)))
                {
                    _last = new Merged(parts, Merge(parts));
                }

                return _last.Whole;
            }
        }
    }

    public void Seed(Membership before)
    {
        lock (_lock)
        {
            (_before, _revision) = (before, before.Revision);
            for (var index = 0; index < _origins.Count; index++)
            {
                var origin = _origins[index];
                var part = before with
                {
                    Members = [.. before.Members.Where(member => IsOf(origin, member.Key))],
                    Expired = [.. before.Expired.Where(expired => IsOf(origin, expired.Member.Key))],
                };

                // What nobody has told of these sets is nothing that could stand in.
                _saved[index] = part.Members.Count > 0 ? part : null;
                origin.Source.Seed(part);
            }

            _unnamed?.Seed(before with
            {
                Members = [.. before.Members.Where(member => IsUnnamed(member.Key))],
                Expired = [.. before.Expired.Where(expired => IsUnnamed(expired.Member.Key))],
            });
        }
    }

    public bool SeedListed(IReadOnlyList<Member> listed)
    {
        var isAnother = false;
        foreach (var origin in _origins.Where(static one => one.Source.Current is not null))
        {
            isAnother |= listed.Where(member => IsOf(origin, member.Key)).ToList() is { Count: > 0 } own && origin.Source.SeedListed(own);
        }

        lock (_lock)
        {
            isAnother |= _unnamed?.SeedListed([.. listed.Where(member => IsUnnamed(member.Key))]) == true;
        }

        return isAnother;
    }

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> following = [.. _origins.Select(one => one.Source.RunAsync(Changed, life.Token))];
        try
        {
            await await Task.WhenAny(following).ConfigureAwait(false);
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            foreach (var one in following)
            {
                await one.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        void Changed()
        {
            // What is not told yet is no change for anybody.
            if (Current is not null)
            {
                changed();
            }
        }
    }

    private Membership Merge(List<Membership> parts)
    {
        if (_origins is [{ Origin.Sets: null }])
        {
            return parts[0] with { Sources = SourcesOf(parts) };
        }

        var etcd = _origins.Select((one, index) => one == _etcd ? parts[index] : null).FirstOrDefault(static part => part is not null);
        var foreign = _origins.SelectMany((one, index) => parts[index].Members.Where(member => !IsOf(one, member.Key)).Select(member => Foreign(one, member)));
        if (_last is null || !_last.Parts.Select(static part => part.Revision).SequenceEqual(parts.Select(static part => part.Revision)))
        {
            _revision++;
        }

        return new Membership(
            etcd?.Revision ?? _revision,
            [.. _origins.SelectMany((one, index) => parts[index].Members.Where(member => IsOf(one, member.Key))).OrderBy(static member => member.Key)],
            [.. parts.SelectMany(static part => part.Rejected), .. foreign])
        {
            Expired = [.. Own(static part => part.Expired).OrderBy(static expired => expired.Mark).ThenBy(static expired => expired.Member.Key)],
            Returned = [.. Own(static part => part.Returned).OrderBy(static expired => expired.Mark).ThenBy(static expired => expired.Member.Key)],
            Left = _origins.SelectMany((one, index) => parts[index].Left.Where(left => IsOf(one, left.Key))).Concat(parts.Skip(_origins.Count).SelectMany(static gone => gone.Left)).ToDictionary(),
            Records = etcd is not null ? etcd.Records : parts.Sum(static part => part.Records),
            Store = etcd?.Store,
            Sources = SourcesOf(parts),
            Warnings = [.. _origins.SelectMany((one, index) => one.Source.Current is null ? [] : parts[index].Warnings)],
            SavedOnly = [.. _origins.SelectMany((one, index) => ReferenceEquals(parts[index], _saved[index]) ? [one.Origin.Name] : parts[index].SavedOnly)],

            // Of those that doubt somebody the one that was heard least lately: nobody is let go for another's sign of life.
            Heard = parts.Where(static part => part.Expired.Any(static expired => expired.DoubtedSince is not null)).Select(static part => part.Heard).DefaultIfEmpty(parts.Max(static part => part.Heard)).Min(),
        };

        IEnumerable<ExpiredMember> Own(Func<Membership, IReadOnlyList<ExpiredMember>> which) =>
            _origins.SelectMany((one, index) => which(parts[index]).Where(expired => IsOf(one, expired.Member.Key))).Concat(parts.Skip(_origins.Count).SelectMany(which));
    }

    /// <summary>Whose each set's members are. What an origin has not told itself is still whose it was.</summary>
    private ImmutableSortedDictionary<int, string> SourcesOf(List<Membership> parts)
    {
        var sources = ImmutableSortedDictionary.CreateBuilder<int, string>();
        for (var index = 0; index < parts.Count; index++)
        {
            var origin = index < _origins.Count && _origins[index].Source.Current is not null ? _origins[index].Origin : null;
            foreach (var set in parts[index].Members.Select(static member => member.Key.Set).Concat(parts[index].Expired.Select(static expired => expired.Member.Key.Set)).Distinct())
            {
                if ((index < _origins.Count ? IsOf(_origins[index], set) : IsUnnamed(set)) && (origin is not null ? origin.NameOf(set) : _before?.SourceOf(set)) is { } name)
                {
                    sources[set] = name;
                }
            }
        }

        return sources.ToImmutable();
    }

    private bool IsOf(FollowedOrigin origin, MemberKey member) => IsOf(origin, member.Set);

    private bool IsOf(FollowedOrigin origin, int set) => _bySet.Of(set) == origin;

    private bool IsUnnamed(MemberKey member) => IsUnnamed(member.Set);

    private bool IsUnnamed(int set) => _bySet.Of(set) is null;

    private RejectedRecord Foreign(FollowedOrigin origin, Member member)
    {
        var holder = _bySet.Of(member.Key.Set);
        var whose = holder is null ? "no --source brings its set" : $"its set comes from {SafeText.Shorten(holder.Origin.Name, LongestName)} by --source, and has one source";
        var rejected = new RejectedRecord($"{SafeText.Shorten(origin.Origin.Name, LongestName)}: {member.Key}", whose, KeepsLastGood: false) { Member = member.Key };
        if (_logger is not null && _told.Count < MostTold && _told.Add(rejected.Key))
        {
            OriginLog.LeftOut(_logger, rejected.Key, rejected.Reason);
        }

        return rejected;
    }

    private sealed record Merged(IReadOnlyList<Membership> Parts, Membership Whole);
}
