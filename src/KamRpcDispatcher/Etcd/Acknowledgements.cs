using Etcdserverpb;
using Google.Protobuf;

namespace KamRpcDispatcher.Etcd;

/// <summary>Which of the live proxies have silenced every member that a revision of the store takes out of service, by their reports.</summary>
internal sealed class Acknowledgements(EtcdStore store, EtcdKeys keys)
{
    private readonly RangeRequest _proxies = new() { Key = ByteString.CopyFromUtf8(keys.Proxies), RangeEnd = MembershipWatch.PrefixEnd(keys.Proxies) };

    /// <summary>The live proxies whose report does not say so: a report that cannot be read does not say it.</summary>
    public async Task<(int Proxies, IReadOnlyList<string> Missing)> ReadAsync(long revision, CancellationToken cancellationToken)
    {
        var found = await store.Keys.RangeAsync(_proxies, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);

        // What has no lease is no proxy that lives.
        var live = found.Kvs.Where(static pair => pair.Lease != 0).ToList();
        return (live.Count, [.. live.Where(pair => !HasSilenced(pair.Value.Memory, revision)).Select(pair => pair.Key.ToStringUtf8()[keys.Proxies.Length..])]);
    }

    /// <summary>An earlier version does not say what is silenced: then only what is in force whole counts.</summary>
    internal static bool HasSilenced(ReadOnlyMemory<byte> report, long revision) =>
        ProxyRecord.TryRead(report, out var status, out _) && (status.Silenced ?? status.Revision) >= revision;
}
