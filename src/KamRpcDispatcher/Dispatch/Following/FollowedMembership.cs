using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Following;

/// <summary>
/// Where the dispatcher's membership comes from: members are followed in each of their origins, operators' intents and shares in etcd where it is used; joined, saved as they are,
/// and stood in for by what was saved; last of all the intents are applied, to the ones as to the other.
/// </summary>
internal sealed class FollowedMembership : IDisposable
{
    private readonly IReadOnlyList<FollowedOrigin> _origins;
    private readonly OriginsBySet _bySet;
    private readonly IMemberOrigin _members;
    private readonly IntentWatch? _intents;
    private readonly OwnClassNumbers? _numbers;
    private readonly SnapshotLock? _lock;
    private readonly ImmutableArray<ReportedSource> _reported;
    private volatile OperatorIntents? _savedIntents;
    private volatile Membership? _saved;

    public FollowedMembership(EtcdConnection? store, EtcdKeys keys, DispatcherOptions options, TimeProvider timeProvider, ILoggerFactory logs)
    {
        _intents = store is null ? null : new IntentWatch(store, keys, timeProvider, logs.CreateLogger<IntentWatch>());
        _numbers = store is null ? new OwnClassNumbers() : null;
        var follower = new OriginFollower(store, keys, options.KubeConfig, timeProvider, logs, () => _intents?.Current);
        _origins = [.. options.Origins.Select(origin => new FollowedOrigin(origin, follower.Follow(origin)))];
        _bySet = new OriginsBySet(_origins);
        _members = options.HasEtcdAlone ? _origins[0].Source
            : new MergedOrigins(_origins, logs.CreateLogger<MergedOrigins>(), new UnnamedSets(timeProvider, logs.CreateLogger<UnnamedSets>(), () => _intents?.Current, options.Policy.Manages));
        _reported = options.HasEtcdAlone ? [] : [.. options.Origins.Select(static origin => new ReportedSource(origin.Name, [.. origin.Sets ?? []]))];
        var joined = new JoinedSource(
            _members,
            _intents is null ? new NoIntents() : _intents,
            store is null ? _numbers! : new ShareWatch(store, keys, timeProvider, logs.CreateLogger<ShareWatch>()),
            timeProvider,
            logs.CreateLogger<JoinedSource>());
        if (options.StateDirectory is not { } directory)
        {
            Source = new OperatedSource(joined);
            return;
        }

        var file = new SnapshotFile(directory, options.Cluster, options.Proxy, logs.CreateLogger<SnapshotFile>());
        _lock = new SnapshotLock(file.FilePath, logs.CreateLogger<SnapshotFile>());
        Source = new OperatedSource(new SnapshottingSource(joined, file, options.SnapshotPatience, Seed, timeProvider, logs.CreateLogger<SnapshottingSource>(), _lock, Name, set => _bySet.Of(set)?.Origin.NameOf(set) ?? string.Empty));

        void Seed(Membership saved)
        {
            _saved = saved;
            _members.Seed(saved);
            joined.Seed(saved);
            _numbers?.Seed(saved);
            if (_intents is not null)
            {
                _savedIntents = saved.Intents;
                _intents.Seed(saved);
            }
        }
    }

    /// <summary>The membership as operators wish it.</summary>
    public IMembershipSource Source { get; }

    /// <summary>What operators wish as it was read last; as it was saved, where nothing has been read yet. Null for nothing.</summary>
    public OperatorIntents? Intents => _intents?.Current is { } read and not { IsFollowed: false, Revision: 0 } ? read : _savedIntents;

    /// <inheritdoc cref="IMemberOrigin.Away"/>
    public StoreOutage? Away => _members.Away;

    /// <summary>Where members come from, and which of that is away.</summary>
    public IReadOnlyList<(string Name, StoreOutage? Away)> Origins => [.. _origins.Select(one => (one.Origin.ToString(), AwayOf(one)))];

    /// <summary>The same for who reads the report; nothing where etcd brings every set, and nothing of etcd's being away: who reads that there sees it.</summary>
    public ImmutableArray<ReportedSource> Reported =>
        [.. _reported.Zip(_origins, (source, one) => one.Origin is not EtcdOrigin && AwayOf(one) is { } away ? source with { AwaySince = away.Since, Reason = WithoutPath(one.Origin, away.Reason) } : source)];

    /// <summary>Since when etcd cannot be followed; null while it can, and where it is not used.</summary>
    public StoreOutage? EtcdAway => Etcd?.Away;

    /// <summary>How long ago etcd was heard; null for never, and where it is not used.</summary>
    public TimeSpan? EtcdHeardAgo => Etcd?.HeardAgo;

    /// <summary>How people call where members come from.</summary>
    public string Name => string.Join(", ", _origins.Select(static one => one.Origin.Name));

    private IMemberOrigin? Etcd => _origins.FirstOrDefault(static one => one.Origin is EtcdOrigin)?.Source;

    /// <summary>Gives classes their numbers where no etcd is used, in which proxies agree on them; null where it is.</summary>
    public OwnClassNumbers? Numbers => _numbers;

    /// <inheritdoc cref="IMemberOrigin.SeedListed"/>
    public bool SeedListed(IReadOnlyList<Member> listed) => _members.SeedListed(listed);

    /// <summary>A file's faults are told behind its path, which its name has: a report has no room for both.</summary>
    private static string WithoutPath(MemberOrigin origin, string reason) =>
        origin is FileOrigin { Path: var path } && reason.StartsWith(path + ":", StringComparison.Ordinal) ? reason[(path.Length + 1)..].TrimStart() : reason;

    /// <summary>Who stays while an origin has not told its members may be another one's, of before.</summary>
    private StoreOutage? AwayOf(FollowedOrigin one) =>
        one.Source.Away is { } away && one.Source.Current is null && _saved is { } saved
        && saved.OfOthers(saved.Members.Select(static member => member.Key.Set).Where(set => _bySet.Of(set) == one), one.Origin.NameOf) is { Length: > 0 } whose
            ? away with { Reason = $"{away.Reason} (it has told none yet: those are{whose}, as they were saved)" }
            : one.Source.Away;

    public void Dispose() => _lock?.Dispose();
}
