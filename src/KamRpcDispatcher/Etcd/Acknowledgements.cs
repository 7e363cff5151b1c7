using Etcdserverpb;
using Google.Protobuf;

namespace KamRpcDispatcher.Etcd;

/// <summary>Which of the live proxies have brought a revision of the store into their Kamailio, by their reports.</summary>
internal sealed class Acknowledgements(EtcdStore store, EtcdKeys keys)
{
    private readonly RangeRequest _proxies = new() { Key = ByteString.CopyFromUtf8(keys.Proxies), RangeEnd = MembershipWatch.PrefixEnd(keys.Proxies) };

    /// <summary>The live proxies whose report does not say that they have the revision: a report that cannot be read does not say it.</summary>
    public async Task<(int Proxies, IReadOnlyList<string> Missing)> ReadAsync(long revision, CancellationToken cancellationToken)
    {
        var found = await store.Keys.RangeAsync(_proxies, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);

        // What has no lease is no proxy that lives.
        var live = found.Kvs.Where(static pair => pair.Lease != 0).ToList();
        return (live.Count, [.. live.Where(pair => !HasApplied(pair, revision)).Select(pair => pair.Key.ToStringUtf8()[keys.Proxies.Length..])]);
    }

    private static bool HasApplied(Mvccpb.KeyValue pair, long revision) =>
        ProxyRecord.TryRead(pair.Value.Memory, out var status, out _) && status.Revision >= revision;
}
