using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;

namespace KamRpcDispatcher.Etcd;

/// <summary>One key, written only as long as it is what the writer takes it for.</summary>
internal sealed class EtcdKey(EtcdStore store, string key)
{
    private readonly ByteString _key = ByteString.CopyFromUtf8(key);

    /// <summary>What stands there, null for nothing.</summary>
    public async Task<Mvccpb.KeyValue?> ReadAsync(CancellationToken cancellationToken)
    {
        var found = await store.Keys.RangeAsync(new RangeRequest { Key = _key }, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
        return found.Kvs.FirstOrDefault();
    }

    /// <summary>Writes the value in one transaction with its lease, if the key is still of that revision (0: absent); else tells what stands there.</summary>
    public async Task<(bool IsWritten, Mvccpb.KeyValue? Found)> WriteAsync(ByteString value, long lease, long modRevision, CancellationToken cancellationToken)
    {
        var transaction = new TxnRequest
        {
            Compare = { new Compare { Key = _key, Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Equal, ModRevision = modRevision } },
            Success = { Put(value, lease) },
            Failure = { new RequestOp { RequestRange = new RangeRequest { Key = _key } } },
        };
        var done = await store.Keys.TxnAsync(transaction, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
        return done.Succeeded ? (true, null) : (false, done.Responses[0].ResponseRange.Kvs.FirstOrDefault());
    }

    /// <summary>Writes the value if the key is under that lease.</summary>
    public Task WriteIfUnderAsync(long lease, ByteString value, CallOptions options) => IfUnderAsync(lease, Put(value, lease), options);

    /// <summary>Deletes the key if it is under that lease.</summary>
    public Task DeleteIfUnderAsync(long lease, CallOptions options) =>
        IfUnderAsync(lease, new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = _key } }, options);

    private RequestOp Put(ByteString value, long lease) => new() { RequestPut = new PutRequest { Key = _key, Value = value, Lease = lease } };

    private async Task IfUnderAsync(long lease, RequestOp operation, CallOptions options)
    {
        var transaction = new TxnRequest
        {
            Compare = { new Compare { Key = _key, Target = Compare.Types.CompareTarget.Lease, Result = Compare.Types.CompareResult.Equal, Lease = lease } },
            Success = { operation },
        };
        await store.Keys.TxnAsync(transaction, options).ConfigureAwait(false);
    }
}
