using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Logging;

using Member = KamRpcDispatcher.Destinations.Member;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>Follows the members in etcd: lists them, watches from the next revision on, and lists again when that revision was compacted.</summary>
/// <remarks>
/// An outage changes nothing: members leave on a delete or expiry event, or when a complete listing lacks them, never on silence.
/// </remarks>
internal sealed class MembershipWatch(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger<MembershipWatch> logger) : IMembershipSource
{
    /// <summary>How often it is told how far a listing has come that takes long.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);

    private readonly ByteString _prefix = ByteString.CopyFromUtf8(keys.Members);
    private readonly ByteString _end = EtcdKeys.PrefixEnd(keys.Members);
    private readonly MembershipState _state = new(keys, store.Endpoints.ToString(), timeProvider, logger);
    private readonly Outage _outage = new(timeProvider);
    private readonly LogLimit _replacements = new(timeProvider);
    private Action _changed = static () => { };
    private bool _isPartial;

    /// <summary>Whether the store has not been heard since it could not be reached.</summary>
    private bool _wasAway;
    private volatile StoreOutage? _away;

    public Membership? Current => _state.Current;

    /// <summary>Since when the store cannot be followed, and why; null while it can.</summary>
    public StoreOutage? Away => _away;

    /// <summary>
    /// Takes a membership of before as what was known last. Whether it is of the store that answers turns out with the first listing. Only before
    /// <see cref="RunAsync"/>.
    /// </summary>
    public void Seed(Membership before) => _state.Seed(before);

    /// <summary>
    /// Takes members that a proxy's list shows, as getting calls, as known before too: who of them is missing has expired while nobody watched. Only once there is
    /// a <see cref="Current"/>.
    /// </summary>
    /// <returns>Whether somebody is missing.</returns>
    public bool SeedListed(IReadOnlyList<Member> listed)
    {
        var missing = _state.SeedListed(listed);
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
            catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
            {
                store.Failed(exception, begun);
                Interrupted(exception);
                (mustVerify, _wasAway) = (true, true);
                await Task.Delay(EtcdCall.RetryPause, timeProvider, cancellationToken).ConfigureAwait(false);
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
                EtcdLog.WatchResumed(logger, store.Endpoints, _state.Revision, lasted);
            }

            faults.Succeeded();
        }
    }

    private void Interrupted(Exception exception)
    {
        // What etcd refuses somebody has to mend; how it cannot be reached changes all the time.
        var reason = EtcdFailure.Describe(exception);
        switch (_outage.Meet(EtcdFailure.IsRefusal(exception) ? reason : string.Empty))
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
        var (newest, count) = _state.Newest;
        var found = await new StoreComparison(store, keys.Members).ReadAsync(_state.Revision, newest?.Key, cancellationToken).ConfigureAwait(false);

        // In the middle of an answer in parts we know more than what was at our revision.
        if (_state.Revision == 0 || _isPartial || found is null || (found.Count == count && found.IsNewest(newest)))
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
            EtcdLog.StoreReplaced(logger, _state.Revision, found);
        }
    }

    private async Task ListAsync(Action changed, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        var told = 0;
        var listed = await new KeyPages(store, timeProvider).ReadAsync(keys.Members, progress: Tell, cancellationToken: cancellationToken).ConfigureAwait(false);
        _state.Replace(listed, _wasAway);
        _isPartial = false;
        changed();
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

    /// <summary>Watches from the revision after the current one; true when the members must be listed again.</summary>
    private async Task<bool> FollowAsync(Action changed, Action established, CancellationToken cancellationToken)
    {
        await using var stream = await WatchStream.OpenAsync(store, _prefix, _end, _state.Revision + 1, timeProvider, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var response = await stream.ReadAsync(_state.IsDoubting, cancellationToken).ConfigureAwait(false);
            if (response.Canceled)
            {
                if (response.CompactRevision == 0)
                {
                    throw new RpcException(new Status(StatusCode.PermissionDenied, response.CancelReason));
                }

                EtcdLog.Compacted(logger, _state.Revision + 1, response.CompactRevision);
                return true;
            }

            if (response.Created && _state.IsAnother(response.Header))
            {
                // Another store, or this one restored from a backup: its events so far are not in our list, and ours are not in its future. It
                // may have come further than we were since then, but its leaders are counted anew.
                TellReplaced(response.Header.Revision);
                return true;
            }

            _state.Follow(response.Header);
            established();
            Hear(_wasAway || stream.WasAway, changed);
            Apply(response, changed);
        }
    }

    private void Hear(bool wasAway, Action changed)
    {
        _wasAway = false;
        if (_state.Hear(wasAway))
        {
            changed();
        }
    }

    private void Apply(WatchResponse response, Action changed)
    {
        if (response.Events.Count == 0)
        {
            return;
        }

        _state.Apply(response.Events);

        // The rest of a split response has the same revision: were the stream to break now, all of it would be needed again.
        _isPartial = response.Fragment;
        if (!response.Fragment)
        {
            _state.Publish(response.Events[^1].Kv.ModRevision);
            changed();
        }
    }
}
