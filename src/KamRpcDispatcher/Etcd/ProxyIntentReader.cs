using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd;

/// <summary>Reads what an operator wishes of one proxy, and nothing else.</summary>
public static class ProxyIntentReader
{
    /// <returns>Null where nothing is wished, and where the record cannot be used.</returns>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public static async Task<Intent?> ReadAsync(EtcdConnection store, EtcdKeys keys, string proxy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(keys);
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8(keys.ProxyIntent(proxy)) };
        var found = await EtcdUnreachableException.GuardAsync(store, () => store.Keys.RangeAsync(request, EtcdCall.Options(cancellationToken)).ResponseAsync, cancellationToken).ConfigureAwait(false);
        return found.Kvs is [{ } pair, ..] && IntentRecord.TryRead(default, pair.Value.Memory, out var intent, out _) ? intent : null;
    }
}
