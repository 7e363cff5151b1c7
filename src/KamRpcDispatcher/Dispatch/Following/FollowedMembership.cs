using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Operators;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Following;

/// <summary>
/// Where the dispatcher's membership comes from: members, operators' intents and shares are followed in etcd, joined, saved as they are, and stood in for by what was saved; last
/// of all the intents are applied, to the ones as to the other.
/// </summary>
internal sealed class FollowedMembership : IDisposable
{
    private readonly MembershipWatch _members;
    private readonly IntentWatch _intents;
    private readonly SnapshotLock? _lock;
    private volatile OperatorIntents? _saved;

    public FollowedMembership(EtcdConnection store, EtcdKeys keys, DispatcherOptions options, TimeProvider timeProvider, ILoggerFactory logs)
    {
        _intents = new IntentWatch(store, keys, timeProvider, logs.CreateLogger<IntentWatch>());
        _members = new MembershipWatch(store, keys, timeProvider, logs.CreateLogger<MembershipWatch>(), () => _intents.Current);
        var joined = new JoinedSource(_members, _intents, new ShareWatch(store, keys, timeProvider, logs.CreateLogger<ShareWatch>()), timeProvider, logs.CreateLogger<JoinedSource>());
        if (options.StateDirectory is not { } directory)
        {
            Source = new OperatedSource(joined);
            return;
        }

        var file = new SnapshotFile(directory, options.Cluster, options.Proxy, logs.CreateLogger<SnapshotFile>());
        _lock = new SnapshotLock(file.FilePath, logs.CreateLogger<SnapshotFile>());
        Source = new OperatedSource(new SnapshottingSource(joined, file, options.SnapshotPatience, Seed, timeProvider, logs.CreateLogger<SnapshottingSource>(), _lock));

        void Seed(Membership saved)
        {
            _saved = saved.Intents;
            _members.Seed(saved);
            _intents.Seed(saved);
            joined.Seed(saved);
        }
    }

    /// <summary>The membership as operators wish it.</summary>
    public IMembershipSource Source { get; }

    /// <summary>What operators wish as it was read last; as it was saved, where nothing has been read yet. Null for nothing.</summary>
    public OperatorIntents? Intents => _intents.Current is { } read and not { IsFollowed: false, Revision: 0 } ? read : _saved;

    /// <inheritdoc cref="MembershipWatch.Away"/>
    public StoreOutage? Away => _members.Away;

    /// <inheritdoc cref="MembershipWatch.HeardAgo"/>
    public TimeSpan? HeardAgo => _members.HeardAgo;

    /// <inheritdoc cref="MembershipWatch.SeedListed"/>
    public bool SeedListed(IReadOnlyList<Member> listed) => _members.SeedListed(listed);

    public void Dispose() => _lock?.Dispose();
}
