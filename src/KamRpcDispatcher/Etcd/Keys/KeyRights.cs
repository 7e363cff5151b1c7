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
    public static Task<bool> AreMissingAsync(EtcdConnection store, string prefix, CancellationToken cancellationToken) => AreMissingAsync(store, [prefix + "0"], cancellationToken);

    /// <summary>The same of some keys: whether etcd refuses to let one of them be read and written.</summary>
    /// <param name="store">The connection.</param>
    /// <param name="keys">At most as many as one transaction takes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static Task<bool> AreMissingAsync(EtcdConnection store, IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        List<ByteString> all = [.. keys.Select(ByteString.CopyFromUtf8)];
        var never = new TxnRequest
        {
            Compare = { new Compare { Key = all[0], Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Less, ModRevision = 0 } },
            Success = { all.Select(static key => new RequestOp { RequestPut = new PutRequest { Key = key } }) },
        };
        return IsDeniedAsync(store, async () => await store.Keys.TxnAsync(never, EtcdCall.Options(cancellationToken)).ConfigureAwait(false), cancellationToken);
    }

    /// <summary>Whether etcd refuses to let what is below the prefix be read.</summary>
    public static Task<bool> AreMissingToReadAsync(EtcdConnection store, string prefix, CancellationToken cancellationToken)
    {
        var range = new RangeRequest { Key = ByteString.CopyFromUtf8(prefix), RangeEnd = EtcdKeys.PrefixEnd(prefix), CountOnly = true };
        return IsDeniedAsync(store, async () => await store.Keys.RangeAsync(range, EtcdCall.Options(cancellationToken)).ConfigureAwait(false), cancellationToken);
    }

    private static async Task<bool> IsDeniedAsync<T>(EtcdConnection store, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            await EtcdUnreachableException.GuardAsync(store, call, cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (EtcdUnreachableException unreachable)
        {
            return unreachable.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied };
        }
    }
}
