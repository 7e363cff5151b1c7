using Etcdserverpb;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Grpc.Core;

namespace KamRpcDispatcher.Etcd;

/// <summary>Reads and writes several keys at a time, each only as long as it is what the writer takes it for.</summary>
internal sealed class KeyTransactions(EtcdStore store)
{
    /// <summary>How many keys one transaction takes; etcd allows 128 operations (<c>--max-txn-ops</c>) unless it is told otherwise.</summary>
    public const int MostKeys = 64;

    /// <summary>What stands under each key, null for nothing, and who says so.</summary>
    /// <param name="keys">Up to <see cref="MostKeys"/>, none twice.</param>
    /// <param name="withValue">Whether the values matter, or only revision and lease.</param>
    /// <param name="options">How long it may take.</param>
    public async Task<(ResponseHeader Header, IReadOnlyList<Mvccpb.KeyValue?> Found)> ReadAsync(IReadOnlyList<ByteString> keys, bool withValue, CallOptions options)
    {
        var transaction = new TxnRequest { Success = { keys.Select(key => Read(key, withValue)) } };
        var done = await store.Keys.TxnAsync(transaction, options).ConfigureAwait(false);
        return (done.Header, Found(done.Responses));
    }

    /// <summary>Writes all values in one transaction with their lease, if every key is still of its revision (0: absent); else none, and tells what stands there.</summary>
    /// <returns>The revision that wrote them, or what was found instead.</returns>
    public async Task<(long Revision, IReadOnlyList<Mvccpb.KeyValue?>? Found)> WriteAsync(IReadOnlyList<KeyWrite> writes, long lease, CallOptions options)
    {
        var transaction = new TxnRequest
        {
            Compare =
            {
                writes.Select(static write => new Compare
                {
                    Key = write.Key, Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Equal, ModRevision = write.ModRevision,
                }),
            },
            Success = { writes.Select(write => Put(write.Key, write.Value, lease)) },
            Failure = { writes.Select(static write => Read(write.Key, withValue: true)) },
        };
        var done = await store.Keys.TxnAsync(transaction, options).ConfigureAwait(false);
        return done.Succeeded ? (done.Header.Revision, null) : (0, Found(done.Responses));
    }

    /// <summary>
    /// Writes a last value to each key that is under the lease, where there is one to write, and deletes it. That etcd takes no last values
    /// (it is full) keeps nothing from being deleted.
    /// </summary>
    /// <returns>The keys that were under the lease, and why etcd took no last value; null when it did.</returns>
    public async Task<(IReadOnlyList<ByteString> Deleted, RpcException? Refusal)> DeleteUnderAsync(
        long lease, IReadOnlyList<(ByteString Key, ByteString? Farewell)> keys, CallOptions options)
    {
        var (_, found) = await ReadAsync([.. keys.Select(static key => key.Key)], withValue: false, options).ConfigureAwait(false);
        var ours = keys.Where((_, index) => found[index]?.Lease == lease).ToList();
        var farewells = ours.Where(static key => key.Farewell is not null).ToList();
        RpcException? refusal = null;
        if (farewells.Count > 0)
        {
            try
            {
                // Not in one transaction with the delete: whoever watches would not see it.
                await store.Keys.TxnAsync(IfUnder(lease, farewells, key => Put(key.Key, key.Farewell!, lease)), options).ConfigureAwait(false);
            }
            catch (RpcException refused) when (EtcdStore.IsRefusal(refused))
            {
                refusal = refused;
            }
        }

        if (ours.Count > 0)
        {
            await store.Keys.TxnAsync(IfUnder(lease, ours, static key => new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key.Key } }), options).ConfigureAwait(false);
        }

        return ([.. ours.Select(static key => key.Key)], refusal);
    }

    private static TxnRequest IfUnder(long lease, List<(ByteString Key, ByteString? Farewell)> keys, Func<(ByteString Key, ByteString? Farewell), RequestOp> operation) => new()
    {
        Compare =
        {
            keys.Select(key => new Compare { Key = key.Key, Target = Compare.Types.CompareTarget.Lease, Result = Compare.Types.CompareResult.Equal, Lease = lease }),
        },
        Success = { keys.Select(operation) },
    };

    private static RequestOp Put(ByteString key, ByteString value, long lease) =>
        new() { RequestPut = new PutRequest { Key = key, Value = value, Lease = lease } };

    private static RequestOp Read(ByteString key, bool withValue) =>
        new() { RequestRange = new RangeRequest { Key = key, KeysOnly = !withValue } };

    private static Mvccpb.KeyValue?[] Found(RepeatedField<ResponseOp> responses) =>
        [.. responses.Select(static response => response.ResponseRange.Kvs.FirstOrDefault())];
}
