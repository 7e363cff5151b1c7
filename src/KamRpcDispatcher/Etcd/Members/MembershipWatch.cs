using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;

using Member = KamRpcDispatcher.Destinations.Member;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>Follows the members in etcd: lists them, watches from the next revision on, and lists again when that revision was compacted.</summary>
/// <remarks>
/// An outage changes nothing: members leave on a delete or expiry event, or when a complete listing lacks them, never on silence.
/// </remarks>
internal sealed class MembershipWatch(EtcdStore store, EtcdKeys keys, TimeProvider timeProvider, ILogger<MembershipWatch> logger) : IMembershipSource
{
    /// <summary>How often it is told how far a listing has come that takes long.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);

    private readonly ByteString _prefix = ByteString.CopyFromUtf8(keys.Members);
    private readonly ByteString _end = EtcdKeys.PrefixEnd(keys.Members);
    private readonly MembershipTable _table = new(keys, timeProvider);
    private readonly Outage _outage = new(timeProvider);
    private readonly LogLimit _replacements = new(timeProvider);
    private readonly Lock _lock = new();
    private Membership? _current;
    private Membership? _saved;
    private Action _changed = static () => { };
    private bool _isStale;
    private bool _isPartial;

    /// <summary>Whether the store has not been heard since it could not be reached.</summary>
    private bool _wasAway;
    private long _revision;
    private ulong _clusterId;
    private ulong _term;
    private volatile StoreOutage? _away;

    public Membership? Current
    {
        get
        {
            lock (_lock)
            {
                if (_isStale)
                {
                    _current = _table.At(_revision) with { Store = Identity };
                    _isStale = false;
                }

                return _current;
            }
        }
    }

    /// <summary>Since when the store cannot be followed, and why; null while it can.</summary>
    public StoreOutage? Away => _away;

    private StoreIdentity Identity => new(_clusterId, store.Endpoints.ToString());

    /// <summary>
    /// Takes a membership of before as what was known last. Whether it is of the store that answers turns out with the first listing. Only before
    /// <see cref="RunAsync"/>.
    /// </summary>
    public void Seed(Membership before)
    {
        lock (_lock)
        {
            _saved = before;
        }
    }

    /// <summary>
    /// Takes members that a proxy's list shows, as getting calls, as known before too: who of them is missing has expired while nobody watched. Only once there is
    /// a <see cref="Current"/>.
    /// </summary>
    /// <returns>Whether somebody is missing.</returns>
    public bool SeedListed(IReadOnlyList<Member> listed)
    {
        int missing;
        lock (_lock)
        {
            missing = _table.SeedListed(listed);
            _isStale |= missing > 0;
        }

        if (missing == 0)
        {
            return false;
        }

        EtcdLog.ListedMissing(logger, missing);
        _changed();
        return true;
    }

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        _changed = changed;
        var mustList = true;
        var mustVerify = false;
        var faults = new LoopFaults("the watch of the members", logger, timeProvider);
        while (!cancellationToken.IsCancellationRequested)
        {
            var begun = timeProvider.GetTimestamp();
            try
            {
                if (mustVerify)
                {
                    mustList |= await IsAnotherStoreAsync(cancellationToken).ConfigureAwait(false);
                    mustVerify = false;
                }

                if (mustList)
                {
                    await ListAsync(changed, cancellationToken).ConfigureAwait(false);
                    mustList = false;
                }

                begun = timeProvider.GetTimestamp();
                mustList = await FollowAsync(changed, () => Established(begun), cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (EtcdStore.IsOutage(exception, cancellationToken))
            {
                store.Failed(exception, begun);
                Interrupted(exception);
                (mustVerify, _wasAway) = (true, true);
                await Task.Delay(EtcdStore.RetryPause, timeProvider, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (LoopFaults.IsUnexpected(exception, cancellationToken))
            {
                // Whatever it was may have been lost on the way: all is read anew.
                mustList = true;
                await Task.Delay(faults.Failed(exception), timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();

        void Established(long begun)
        {
            store.Succeeded(begun);
            _away = null;
            if (_outage.End() is { } lasted)
            {
                EtcdLog.WatchResumed(logger, store.Endpoints, _revision, lasted);
            }

            faults.Succeeded();
        }
    }

    private void Interrupted(Exception exception)
    {
        // What etcd refuses somebody has to mend; how it cannot be reached changes all the time.
        var reason = EtcdStore.Describe(exception);
        switch (_outage.Meet(EtcdStore.IsRefusal(exception) ? reason : string.Empty))
        {
            case OutageNews.Begins or OutageNews.Changes:
                EtcdLog.WatchInterrupted(logger, store.Endpoints, reason, keys.Members);
                break;
            case OutageNews.Lasts:
                EtcdLog.WatchStillInterrupted(logger, store.Endpoints, _outage.Lasted, reason, keys.Members);
                break;
        }

        _away = new StoreOutage(_outage.Since ?? timeProvider.GetUtcNow(), reason);
    }

    /// <summary>
    /// Whether it is another store than before, or was restored from a backup and may have come further since than we were. etcd also has to say
    /// here why members may not be read: a watch is refused without saying why, and renews no token that has expired.
    /// </summary>
    private async Task<bool> IsAnotherStoreAsync(CancellationToken cancellationToken)
    {
        (string Key, long Revision, ReadOnlyMemory<byte> Value)? newest;
        int count;
        lock (_lock)
        {
            (newest, count) = (_table.Newest, _table.Count);
        }

        var found = await new StoreComparison(store, keys.Members).ReadAsync(_revision, newest?.Key, cancellationToken).ConfigureAwait(false);

        // In the middle of an answer in parts we know more than what was at our revision.
        if (_revision == 0 || _isPartial || found is null || (found.Count == count && found.IsNewest(newest)))
        {
            return false;
        }

        TellReplaced(found.Revision);
        return true;
    }

    /// <summary>Where two stores answer in turn under one address, each look finds another one.</summary>
    private void TellReplaced(long found)
    {
        if (_replacements.Allows())
        {
            EtcdLog.StoreReplaced(logger, _revision, found);
        }
    }

    private async Task ListAsync(Action changed, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        var told = 0;
        var listed = await new KeyPages(store, timeProvider).ReadAsync(keys.Members, progress: Tell, cancellationToken: cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            if (_wasAway)
            {
                _table.CameBack();
            }

            _table.Heard();
            (_clusterId, _term) = (listed.Header.ClusterId, listed.Header.RaftTerm);
            var strangers = SeedFrom(listed);
            foreach (var pair in listed.Keys)
            {
                _table.Put(pair.Key.ToStringUtf8(), pair.Value.Memory, pair.CreateRevision, pair.ModRevision, pair.Lease != 0);
            }

            _table.RetainOnly(listed.Keys.Select(static pair => pair.Key.ToStringUtf8()).ToHashSet(StringComparer.Ordinal));
            if (strangers is not null)
            {
                _table.SeedStrangers(strangers);
            }
        }

        _isPartial = false;
        Publish(listed.Revision, changed);
        EtcdLog.Listed(logger, listed.Keys.Count, listed.Revision);

        void Tell(int read, long all)
        {
            var elapsed = timeProvider.GetElapsedTime(begun);
            if (elapsed >= ProgressInterval * (told + 1))
            {
                told = (int)(elapsed / ProgressInterval);
                EtcdLog.Listing(logger, read, all, elapsed);
            }
        }
    }

    /// <summary>What was saved is what was known last before the first listing, whose store now says which it is.</summary>
    /// <returns>What was saved, if it is of another store.</returns>
    private Membership? SeedFrom(KeyListing listed)
    {
        if (_saved is not { } saved)
        {
            return null;
        }

        _saved = null;
        var created = listed.Keys.ToDictionary(static pair => pair.Key.ToStringUtf8(), static pair => pair.CreateRevision, StringComparer.Ordinal);
        if (SavedOrigin.IsOf(saved, _clusterId, key => created.TryGetValue(keys.Member(key), out var revision) ? revision : null))
        {
            _table.Seed(saved);
            return null;
        }

        SnapshotLog.SnapshotOfAnotherStore(logger, saved.Revision, saved.Store?.ToString() ?? "an earlier version does not say which; nothing of it is there", Identity.ToString());
        return saved;
    }

    /// <summary>Watches from the revision after the current one; true when the members must be listed again.</summary>
    private async Task<bool> FollowAsync(Action changed, Action established, CancellationToken cancellationToken)
    {
        await using var stream = await WatchStream.OpenAsync(store, _prefix, _end, _revision + 1, timeProvider, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var response = await stream.ReadAsync(_table.IsDoubting, cancellationToken).ConfigureAwait(false);
            if (response.Canceled)
            {
                if (response.CompactRevision == 0)
                {
                    throw new RpcException(new Status(StatusCode.PermissionDenied, response.CancelReason));
                }

                EtcdLog.Compacted(logger, _revision + 1, response.CompactRevision);
                return true;
            }

            if (response.Created && (response.Header.ClusterId != _clusterId || response.Header.Revision < _revision || response.Header.RaftTerm < _term))
            {
                // Another store, or this one restored from a backup: its events so far are not in our list, and ours are not in its future. It
                // may have come further than we were since then, but its leaders are counted anew.
                TellReplaced(response.Header.Revision);
                return true;
            }

            _term = Math.Max(_term, response.Header.RaftTerm);
            established();
            Hear(_wasAway || stream.WasAway, changed);
            Apply(response, changed);
        }
    }

    private void Hear(bool wasAway, Action changed)
    {
        _wasAway = false;
        lock (_lock)
        {
            if (wasAway)
            {
                _table.CameBack();
            }

            if (!_table.Heard())
            {
                return;
            }

            _isStale = true;
        }

        changed();
    }

    private void Apply(WatchResponse response, Action changed)
    {
        if (response.Events.Count == 0)
        {
            return;
        }

        lock (_lock)
        {
            foreach (var change in response.Events)
            {
                var key = change.Kv.Key.ToStringUtf8();
                if (change.Type == Mvccpb.Event.Types.EventType.Put)
                {
                    _table.Put(key, change.Kv.Value.Memory, change.Kv.CreateRevision, change.Kv.ModRevision, change.Kv.Lease != 0);
                }
                else
                {
                    _table.Delete(key);
                }
            }
        }

        // The rest of a split response has the same revision: were the stream to break now, all of it would be needed again.
        _isPartial = response.Fragment;
        if (!response.Fragment)
        {
            Publish(response.Events[^1].Kv.ModRevision, changed);
        }
    }

    private void Publish(long revision, Action changed)
    {
        lock (_lock)
        {
            _revision = revision;
            _isStale = true;
            foreach (var rejected in _table.TakeNewlyRejected())
            {
                var (record, times) = rejected;
                if (times == 0)
                {
                    EtcdLog.RejectedCrowd(logger, RejectionCount.MostKeys, record.Key, record.Reason);
                }
                else if (times == 1)
                {
                    EtcdLog.Rejected(logger, record.Key, record.Reason, record.Consequence);
                }
                else
                {
                    EtcdLog.RejectedAgain(logger, record.Key, times, record.Reason, record.Consequence);
                }
            }

            foreach (var (key, remark) in _table.TakeNewRemarks())
            {
                EtcdLog.LeftOut(logger, key, remark);
            }
        }

        changed();
    }
}
