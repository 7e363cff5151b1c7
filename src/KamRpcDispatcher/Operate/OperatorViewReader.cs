using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate;

/// <summary>Reads members, intents and proxies as they are at one revision.</summary>
internal sealed class OperatorViewReader(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    private readonly KeyPages _pages = new(store, timeProvider);

    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public Task<OperatorView> ReadAsync(CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync(store, () => ReadOnceAsync(cancellationToken), cancellationToken);

    private async Task<OperatorView> ReadOnceAsync(CancellationToken cancellationToken)
    {
        var members = await _pages.ReadAsync(keys.Members, cancellationToken: cancellationToken).ConfigureAwait(false);
        var intents = await _pages.ReadAsync(keys.Intents, members.Revision, cancellationToken: cancellationToken).ConfigureAwait(false);
        var proxies = await _pages.ReadAsync(keys.Proxies, members.Revision, cancellationToken: cancellationToken).ConfigureAwait(false);
        var (membership, announced) = MemberListing.Read(keys, members, timeProvider);
        return new OperatorView(
            members.Revision,
            announced,
            membership.Rejected,
            Intents(intents.Keys),
            [.. proxies.Keys.Where(static pair => pair.Lease != 0).Select(Proxy)]);
    }

    /// <summary>What is below the prefix and not of a member is of something else, such as a proxy: nobody's business here.</summary>
    private Dictionary<MemberKey, StoredIntent> Intents(IReadOnlyList<Mvccpb.KeyValue> pairs)
    {
        var intents = new Dictionary<MemberKey, StoredIntent>();
        foreach (var pair in pairs)
        {
            if (keys.TryParseIntent(pair.Key.ToStringUtf8(), out var member, out _))
            {
                IntentRecord.TryRead(member, pair.Value.Memory, out var intent, out var error);
                intents[member] = new StoredIntent(pair.ModRevision, pair.Value.Memory, intent, error);
            }
        }

        return intents;
    }

    private LiveProxy Proxy(Mvccpb.KeyValue pair)
    {
        ProxyRecord.TryRead(pair.Value.Memory, out var status, out _);
        return new LiveProxy(pair.Key.ToStringUtf8()[keys.Proxies.Length..], status);
    }
}
