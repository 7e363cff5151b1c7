using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>Reads as much of what etcd held at a revision as tells whether it is the store that we know.</summary>
/// <remarks>
/// A store that is restored from a backup counts its revisions on from there, keeps its cluster's id, and may have passed the revision that we know
/// before we read. A listing would show it too, but does not tell a withdrawal from an expiry: it is for when something else is there.
/// </remarks>
internal sealed class StoreComparison(EtcdConnection store, string prefix)
{
    /// <param name="revision">The one that we know, 0 for now.</param>
    /// <param name="newestKey">The one that was written last, as far as we know; null for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when it does not hold that revision: it is compacted away, or still to come, which the watch finds out.</returns>
    public async Task<StoreSample?> ReadAsync(long revision, string? newestKey, CancellationToken cancellationToken)
    {
        try
        {
            var all = new RangeRequest { Key = ByteString.CopyFromUtf8(prefix), RangeEnd = EtcdKeys.PrefixEnd(prefix), CountOnly = true, Revision = revision };
            var counted = await store.Keys.RangeAsync(all, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
            if (newestKey is null)
            {
                return new StoreSample(counted.Header.Revision, counted.Count, null);
            }

            var one = new RangeRequest { Key = ByteString.CopyFromUtf8(newestKey), Revision = revision };
            var found = await store.Keys.RangeAsync(one, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
            return new StoreSample(counted.Header.Revision, counted.Count, found.Kvs.FirstOrDefault());
        }
        catch (RpcException outside) when (outside.StatusCode == StatusCode.OutOfRange)
        {
            return null;
        }
    }
}

/// <summary>What was found.</summary>
/// <param name="Revision">The store's newest.</param>
/// <param name="Count">How many keys it had at the revision that was asked for.</param>
/// <param name="Newest">What stood then under the key that was asked for.</param>
internal sealed record StoreSample(long Revision, long Count, Mvccpb.KeyValue? Newest)
{
    public bool IsNewest((string Key, long Revision, ReadOnlyMemory<byte> Value)? known) =>
        known is not { } newest || (Newest?.ModRevision == newest.Revision && Newest.Value.Span.SequenceEqual(newest.Value.Span));
}
