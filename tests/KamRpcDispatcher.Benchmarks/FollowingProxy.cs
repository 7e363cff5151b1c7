using System.Collections.Immutable;
using Etcdserverpb;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>
/// What a proxy is to etcd, without a Kamailio: it has a connection of its own, follows the members and what is waited for, and reports under its lease. Whatever it
/// hears of is in force at once.
/// </summary>
internal sealed class FollowingProxy : IFollowedKeys, IKeyWatchLog, IDisposable
{
    private static readonly ProxyStatus Empty = new(0, DateTimeOffset.UnixEpoch, "5.6.3", 0, ImmutableSortedDictionary<int, SetStatus>.Empty.Add(1, new SetStatus(2500, 2500))) { Applies = ProxyStatus.FollowedKinds };

    private readonly EtcdConnection _store;
    private readonly KeyWatch _members;
    private readonly AwaitedRevisions _awaited;
    private readonly ProxyReport _report;
    private readonly PacedReport _paced;
    private readonly LoopWatch _loop;
    private readonly ContactWatch _contact = new(TimeProvider.System);

    public FollowingProxy(EtcdEndpoints endpoints, EtcdKeys keys, string name)
    {
        _store = new EtcdConnection(endpoints, TimeProvider.System);
        _members = new KeyWatch(_store, keys.Members, "the watch of the members", this, this, TimeProvider.System, NullLogger.Instance);
        _awaited = new AwaitedRevisions(_store, keys, TimeProvider.System, NullLogger<AwaitedRevisions>.Instance);
        _report = new ProxyReport(_store, keys, name, () => ProxyIdentity.Here(name, process: null), TimeSpan.FromSeconds(10), TimeProvider.System, NullLogger<ProxyReport>.Instance);
        _loop = new LoopWatch(TimeSpan.FromMinutes(1), TimeProvider.System);
        _paced = new PacedReport(_report, _contact, _loop, static () => true, "1.0.0", TimeProvider.System, isAwaited: _awaited.IsAwaited);
        _contact.Read();
    }

    public long Revision { get; private set; }

    bool IFollowedKeys.IsDoubting => false;

    ((string Key, long Revision, ReadOnlyMemory<byte> Value)? Newest, int Count) IFollowedKeys.Newest => (null, -1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await await Task.WhenAny(
            _members.RunAsync(Tell, cancellationToken), _awaited.RunAsync(_paced.Heed, cancellationToken), _report.RunAsync(static _ => { }, cancellationToken), _paced.RunAsync(cancellationToken));
    }

    public void Dispose() => _store.Dispose();

    bool IFollowedKeys.IsAnother(ResponseHeader header) => false;

    void IFollowedKeys.Follow(ResponseHeader header)
    {
        // There is one store.
    }

    void IFollowedKeys.Replace(KeyListing listed, bool wasAway) => Revision = listed.Revision;

    bool IFollowedKeys.Hear(bool wasAway) => false;

    void IFollowedKeys.Apply(IEnumerable<Mvccpb.Event> events)
    {
        // Kamailio would take them.
    }

    void IFollowedKeys.Publish(long revision) => Revision = revision;

    void IKeyWatchLog.Listing(int read, long all, TimeSpan elapsed)
    {
        // Nobody looks.
    }

    void IKeyWatchLog.Listed(int count, long revision)
    {
        // Nobody looks.
    }

    void IKeyWatchLog.Compacted(long wanted, long compacted)
    {
        // All is read again.
    }

    void IKeyWatchLog.Replaced(long known, long found)
    {
        // There is one store.
    }

    void IKeyWatchLog.Followed(long revision)
    {
        // Nobody looks.
    }

    TimeSpan IKeyWatchLog.Failed(Exception exception) => EtcdCall.RetryPause;

    private void Tell()
    {
        _loop.Works();
        _paced.Report(Empty with { Revision = Revision, Silenced = Revision, Intents = new IntentsProgress(Revision, Revision), AppliedAt = DateTimeOffset.UtcNow });
    }
}
