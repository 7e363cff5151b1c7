using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>Reads all keys below a prefix as they are at one revision, a page at a time, however many there are and however slow the line is.</summary>
internal sealed class KeyPages(EtcdConnection store, TimeProvider timeProvider)
{
    /// <summary>Members have some 200 bytes each.</summary>
    public const int PageSize = 500;

    /// <summary>How often a listing begins anew whose revision is compacted away while it is read.</summary>
    private const int MostBeginnings = 3;

    /// <param name="prefix">Which keys.</param>
    /// <param name="revision">0 for now.</param>
    /// <param name="progress">Told after each page but the last how many keys there are so far, and of how many.</param>
    /// <param name="since">Only what was written at this revision or later; 0 for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RpcException">etcd refused, or was silent for too long.</exception>
    public async Task<KeyListing> ReadAsync(string prefix, long revision = 0, Action<int, long>? progress = null, long since = 0, CancellationToken cancellationToken = default)
    {
        for (var beginning = 1; ; beginning++)
        {
            var line = store.Hold();
            try
            {
                return await ReadAsync(line, prefix, revision, progress, since, cancellationToken).ConfigureAwait(false);
            }
            catch (RpcException refused) when (EtcdFailure.IsNoted(refused, prefix))
            {
                throw;
            }
            catch (RpcException compacted) when (compacted.StatusCode == StatusCode.OutOfRange && revision == 0 && beginning < MostBeginnings)
            {
                // Its first page is of a revision that is not kept any more.
            }
            finally
            {
                line.Leave();
            }
        }
    }

    private async Task<KeyListing> ReadAsync(EtcdLine line, string prefix, long revision, Action<int, long>? progress, long since, CancellationToken cancellationToken)
    {
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8(prefix), RangeEnd = EtcdKeys.PrefixEnd(prefix), Limit = PageSize, Revision = revision, MinModRevision = since };
        var keys = new List<Mvccpb.KeyValue>();
        long? there = null;
        while (true)
        {
            var page = await line.CallAsync(options => line.Keys.RangeAsync(request, options), timeProvider, cancellationToken).ConfigureAwait(false);
            var total = keys.Count + page.Count;
            keys.AddRange(page.Kvs);
            there ??= page.Count;
            if (request.Revision == 0)
            {
                request.Revision = page.Header.Revision;
            }

            if (!page.More)
            {
                return new KeyListing(keys, request.Revision, page.Header) { Count = there.Value };
            }

            progress?.Invoke(keys.Count, total);

            // The next key after the last one.
            request.Key = ByteString.CopyFrom([.. keys[^1].Key.Span, 0]);
        }
    }
}

/// <summary>All keys below a prefix.</summary>
/// <param name="Keys">In their order.</param>
/// <param name="Revision">That all of them are of.</param>
/// <param name="Header">Which store answered, and what its newest revision is.</param>
internal sealed record KeyListing(IReadOnlyList<Mvccpb.KeyValue> Keys, long Revision, ResponseHeader Header)
{
    /// <summary>How many keys there are, those too that were not asked for since they are older.</summary>
    public long Count { get; init; } = Keys.Count;
}
