using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>Follows all keys below a prefix: lists them, watches from the next revision on, and lists again when that revision was compacted.</summary>
/// <param name="store">The connection.</param>
/// <param name="prefix">Which keys.</param>
/// <param name="name">What it is called in the log.</param>
/// <param name="followed">What is kept up to date.</param>
/// <param name="log">What is told of it.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where what is unexpected is logged.</param>
internal sealed class KeyWatch(EtcdConnection store, string prefix, string name, IFollowedKeys followed, IKeyWatchLog log, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>How often it is told how far a listing has come that takes long.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);

    private readonly ByteString _prefix = ByteString.CopyFromUtf8(prefix);
    private readonly ByteString _end = EtcdKeys.PrefixEnd(prefix);
    private bool _isPartial;

    /// <summary>Whether the store has not been heard since it could not be reached.</summary>
    private bool _wasAway;

    /// <summary>Runs until cancelled, through every outage; <paramref name="changed"/> is called after each change.</summary>
    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        var mustList = true;
        var mustVerify = false;
        var faults = new LoopFaults(name, logger, timeProvider);
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
                var pause = log.Failed(exception);
                (mustVerify, _wasAway) = (true, true);
                await Task.Delay(pause, timeProvider, cancellationToken).ConfigureAwait(false);
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
            log.Followed(followed.Revision);
            faults.Succeeded();
        }
    }

    /// <summary>
    /// Whether it is another store than before, or was restored from a backup and may have come further since than we were. etcd also has to say
    /// here why keys may not be read: a watch is refused without saying why, and renews no token that has expired.
    /// </summary>
    private async Task<bool> IsAnotherStoreAsync(CancellationToken cancellationToken)
    {
        var (newest, count) = followed.Newest;
        var found = await new StoreComparison(store, prefix).ReadAsync(followed.Revision, newest?.Key, cancellationToken).ConfigureAwait(false);

        // In the middle of an answer in parts we know more than what was at our revision.
        if (followed.Revision == 0 || _isPartial || found is null || (found.Count == count && found.IsNewest(newest)))
        {
            return false;
        }

        log.Replaced(followed.Revision, found.Revision);
        return true;
    }

    private async Task ListAsync(Action changed, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        var told = 0;
        var listed = await new KeyPages(store, timeProvider).ReadAsync(prefix, progress: Tell, cancellationToken: cancellationToken).ConfigureAwait(false);
        followed.Replace(listed, _wasAway);
        _isPartial = false;
        changed();
        log.Listed(listed.Keys.Count, listed.Revision);

        void Tell(int read, long all)
        {
            var elapsed = timeProvider.GetElapsedTime(begun);
            if (elapsed >= ProgressInterval * (told + 1))
            {
                told = (int)(elapsed / ProgressInterval);
                log.Listing(read, all, elapsed);
            }
        }
    }

    /// <summary>Watches from the revision after the current one; true when the keys must be listed again.</summary>
    private async Task<bool> FollowAsync(Action changed, Action established, CancellationToken cancellationToken)
    {
        await using var stream = await WatchStream.OpenAsync(store, _prefix, _end, followed.Revision + 1, timeProvider, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var response = await stream.ReadAsync(followed.IsDoubting, cancellationToken).ConfigureAwait(false);
            if (response.Canceled)
            {
                if (response.CompactRevision == 0)
                {
                    throw new RpcException(new Status(StatusCode.PermissionDenied, response.CancelReason));
                }

                log.Compacted(followed.Revision + 1, response.CompactRevision);
                return true;
            }

            if (response.Created && followed.IsAnother(response.Header))
            {
                // Another store, or this one restored from a backup: its events so far are not in our list, and ours are not in its future. It
                // may have come further than we were since then, but its leaders are counted anew.
                log.Replaced(followed.Revision, response.Header.Revision);
                return true;
            }

            followed.Follow(response.Header);
            established();
            Hear(_wasAway || stream.WasAway, changed);
            Apply(response, changed);
        }
    }

    private void Hear(bool wasAway, Action changed)
    {
        _wasAway = false;
        if (followed.Hear(wasAway))
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

        followed.Apply(response.Events);

        // The rest of a split response has the same revision: were the stream to break now, all of it would be needed again.
        _isPartial = response.Fragment;
        if (!response.Fragment)
        {
            followed.Publish(response.Events[^1].Kv.ModRevision);
            changed();
        }
    }
}
