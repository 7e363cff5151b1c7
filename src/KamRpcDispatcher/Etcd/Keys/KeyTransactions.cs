using Etcdserverpb;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>Reads and writes several keys at a time, each only as long as it is what the writer takes it for.</summary>
internal sealed class KeyTransactions(EtcdConnection store)
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
    /// <param name="writes">The values.</param>
    /// <param name="lease">Theirs.</param>
    /// <param name="options">How long it may take.</param>
    /// <param name="beside">What is written in the same transaction; null for nothing.</param>
    /// <returns>The revision that wrote them, or what was found instead.</returns>
    public async Task<(long Revision, IReadOnlyList<Mvccpb.KeyValue?>? Found)> WriteAsync(IReadOnlyList<KeyWrite> writes, long lease, CallOptions options, RequestOp? beside = null)
    {
        var transaction = new TxnRequest
        {
            Compare = { writes.Select(static write => KeyConditions.Unchanged(write.Key, write.ModRevision)) },
            Success = { writes.Select(write => Put(write.Key, write.Value, lease)) },
            Failure = { writes.Select(static write => Read(write.Key, withValue: true)) },
        };
        if (beside is not null)
        {
            transaction.Success.Add(beside);
        }

        var done = await store.Keys.TxnAsync(transaction, options).ConfigureAwait(false);
        return done.Succeeded ? (done.Header.Revision, null) : (0, Found(done.Responses));
    }

    /// <summary>Puts keys that are under one lease under another one, if all of them are; else none.</summary>
    public async Task<bool> MoveAsync(IReadOnlyList<ByteString> keys, long from, long to, CallOptions options)
    {
        var moves = keys.Select(key => (key, from)).ToList();
        return (await store.Keys.TxnAsync(IfUnder(moves, key => new RequestOp { RequestPut = new PutRequest { Key = key, IgnoreValue = true, Lease = to } }), options).ConfigureAwait(false)).Succeeded;
    }

    /// <summary>
    /// Writes a last value to each key that is under one of the leases, where there is one to write, and deletes it. That etcd takes no last values
    /// (it is full) keeps nothing from being deleted.
    /// </summary>
    /// <param name="leases">Ours.</param>
    /// <param name="keys">Up to <see cref="MostKeys"/>, none twice, and the last value of each, null for none.</param>
    /// <param name="found">Told which keys are under one of the leases, before they are deleted.</param>
    /// <param name="begin">Called before each call: how long it may take.</param>
    /// <returns>Whether none is under one of the leases any more, and why etcd took no last value; null when it did.</returns>
    public async Task<(bool IsDone, RpcException? Refusal)> DeleteUnderAsync(
        IReadOnlyCollection<long> leases, IReadOnlyDictionary<ByteString, ByteString?> keys, Action<IEnumerable<ByteString>> found, Func<Task<CallOptions>> begin)
    {
        var (_, there) = await ReadAsync([.. keys.Keys], withValue: false, await begin().ConfigureAwait(false)).ConfigureAwait(false);
        var ours = there.Where(pair => pair is not null && leases.Contains(pair.Lease)).Select(static pair => (pair!.Key, pair.Lease)).ToList();
        if (ours.Count == 0)
        {
            return (true, null);
        }

        found(ours.Select(static key => key.Key));
        var farewells = ours.FindAll(key => keys[key.Key] is not null);
        RpcException? refusal = null;
        if (farewells.Count > 0)
        {
            try
            {
                // Not in one transaction with the delete: whoever watches would not see it.
                var farewell = IfUnder(farewells, key => PutKept(key, keys[key]!));
                await store.Keys.TxnAsync(farewell, await begin().ConfigureAwait(false)).ConfigureAwait(false);
            }
            catch (RpcException refused) when (EtcdFailure.IsRefusal(refused))
            {
                refusal = refused;
            }
        }

        var delete = IfUnder(ours, static key => new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } });
        var deleted = await store.Keys.TxnAsync(delete, await begin().ConfigureAwait(false)).ConfigureAwait(false);
        return (deleted.Succeeded, refusal);
    }

    /// <summary>Writes a value to each key that is under one of the leases, and leaves it there.</summary>
    /// <param name="leases">Ours.</param>
    /// <param name="values">Up to <see cref="MostKeys"/>.</param>
    /// <param name="options">How long each call may take.</param>
    /// <returns>The revision of etcd then.</returns>
    public async Task<long> PutUnderAsync(IReadOnlyCollection<long> leases, IReadOnlyDictionary<ByteString, ByteString> values, CallOptions options)
    {
        var (header, there) = await ReadAsync([.. values.Keys], withValue: false, options).ConfigureAwait(false);
        var ours = there.Where(pair => pair is not null && leases.Contains(pair.Lease)).Select(static pair => (pair!.Key, pair.Lease)).ToList();
        return ours.Count == 0 ? header.Revision : (await store.Keys.TxnAsync(IfUnder(ours, key => PutKept(key, values[key])), options).ConfigureAwait(false)).Header.Revision;
    }

    private static TxnRequest IfUnder(List<(ByteString Key, long Lease)> keys, Func<ByteString, RequestOp> operation) => new()
    {
        Compare =
        {
            keys.Select(static key => new Compare { Key = key.Key, Target = Compare.Types.CompareTarget.Lease, Result = Compare.Types.CompareResult.Equal, Lease = key.Lease }),
        },
        Success = { keys.Select(key => operation(key.Key)) },
    };

    private static RequestOp Put(ByteString key, ByteString value, long lease) =>
        new() { RequestPut = new PutRequest { Key = key, Value = value, Lease = lease } };

    private static RequestOp PutKept(ByteString key, ByteString value) =>
        new() { RequestPut = new PutRequest { Key = key, Value = value, IgnoreLease = true } };

    private static RequestOp Read(ByteString key, bool withValue) =>
        new() { RequestRange = new RangeRequest { Key = key, KeysOnly = !withValue } };

    private static Mvccpb.KeyValue?[] Found(RepeatedField<ResponseOp> responses) =>
        [.. responses.Select(static response => response.ResponseRange.Kvs.FirstOrDefault())];
}
