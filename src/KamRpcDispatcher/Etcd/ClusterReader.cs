namespace KamRpcDispatcher.Etcd;

/// <summary>Reads a cluster's members and proxies as they are at one revision.</summary>
public sealed class ClusterReader(EtcdStore store, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public Task<ClusterView> ReadAsync(CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync(store, () => ReadOnceAsync(cancellationToken), cancellationToken);

    /// <summary>Reads the proxies alone.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public Task<IReadOnlyList<ReportingProxy>> ReadProxiesAsync(CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync<IReadOnlyList<ReportingProxy>>(
            store,
            async () => [.. (await new KeyPages(store, timeProvider).ReadAsync(keys.Proxies, cancellationToken: cancellationToken).ConfigureAwait(false)).Keys.Select(Proxy)],
            cancellationToken);

    private async Task<ClusterView> ReadOnceAsync(CancellationToken cancellationToken)
    {
        var pages = new KeyPages(store, timeProvider);
        var members = await pages.ReadAsync(keys.Members, cancellationToken: cancellationToken).ConfigureAwait(false);
        var proxies = await pages.ReadAsync(keys.Proxies, members.Revision, cancellationToken: cancellationToken).ConfigureAwait(false);
        return View(members.Revision, members.Keys, proxies.Keys);
    }

    private ClusterView View(long revision, IReadOnlyList<Mvccpb.KeyValue> members, IReadOnlyList<Mvccpb.KeyValue> proxies)
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
