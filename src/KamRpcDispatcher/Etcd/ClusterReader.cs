using Etcdserverpb;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace KamRpcDispatcher.Etcd;

/// <summary>Reads a cluster's members and proxies in one transaction, so that both are of one revision.</summary>
public sealed class ClusterReader(EtcdStore store, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <exception cref="EtcdUnreachableException">No answer, in about two seconds.</exception>
    public async Task<ClusterView> ReadAsync(CancellationToken cancellationToken)
    {
        var request = new TxnRequest { Success = { Below(keys.Members), Below(keys.Proxies) } };
        var read = await EtcdUnreachableException.GuardAsync(
            store, async () => await store.Keys.TxnAsync(request, EtcdStore.Options(cancellationToken)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        return View(read.Header.Revision, read.Responses[0].ResponseRange.Kvs, read.Responses[1].ResponseRange.Kvs);
    }

    private static RequestOp Below(string prefix) =>
        new() { RequestRange = new RangeRequest { Key = ByteString.CopyFromUtf8(prefix), RangeEnd = MembershipWatch.PrefixEnd(prefix) } };

    private ClusterView View(long revision, RepeatedField<Mvccpb.KeyValue> members, RepeatedField<Mvccpb.KeyValue> proxies)
    {
        var table = new MembershipTable(keys, timeProvider);
        var leases = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var pair in members)
        {
            var key = pair.Key.ToStringUtf8();
            table.Put(key, pair.Value.Memory, pair.CreateRevision, pair.ModRevision, pair.Lease != 0);
            leases[key] = pair.Lease;
        }

        var membership = table.At(revision);
        return new ClusterView(
            revision,
            members.Select(static pair => pair.ModRevision).DefaultIfEmpty(0).Max(),
            [.. membership.Members.Select(member => new AnnouncedMember(member, leases[keys.Member(member.Key)]))],
            membership.Rejected,
            [.. proxies.Select(Proxy)]);
    }

    private ReportingProxy Proxy(Mvccpb.KeyValue pair)
    {
        ProxyRecord.TryRead(pair.Value.Memory, out var status, out var error);
        return new ReportingProxy(pair.Key.ToStringUtf8()[keys.Proxies.Length..], status, error);
    }
}
