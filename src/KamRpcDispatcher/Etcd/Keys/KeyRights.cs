using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>Finds out what a user may do in etcd, where a transaction was refused and nobody says because of which key.</summary>
internal static class KeyRights
{
    /// <summary>Whether etcd refuses to let keys below the prefix be read and written: asked by a transaction whose condition never holds, so that nothing is written.</summary>
    /// <param name="store">The connection.</param>
    /// <param name="prefix">Such as <see cref="EtcdKeys.History"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False too where etcd does not answer: then it is not known.</returns>
    public static async Task<bool> AreMissingAsync(EtcdConnection store, string prefix, CancellationToken cancellationToken)
    {
        var key = ByteString.CopyFromUtf8(prefix + "0");
        var never = new TxnRequest
        {
            Compare = { new Compare { Key = key, Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Less, ModRevision = 0 } },
            Success = { new RequestOp { RequestPut = new PutRequest { Key = key } } },
        };
        try
        {
            await EtcdUnreachableException.GuardAsync(store, async () => await store.Keys.TxnAsync(never, EtcdCall.Options(cancellationToken)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (EtcdUnreachableException unreachable)
        {
            return unreachable.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied };
        }
    }
}
