using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
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

    /// <summary>The same with how sets are split; where etcd refuses to let that be read without.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public async Task<OperatorView> WithSplitsAsync(OperatorView view, CancellationToken cancellationToken)
    {
        try
        {
            var listed = await EtcdUnreachableException.GuardAsync(store, () => _pages.ReadAsync(keys.Splits, view.Revision, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
            var splits = new Dictionary<int, Split>();
            foreach (var pair in listed.Keys)
            {
                if (EtcdKeys.TryParseSet(keys.Splits, pair.Key.ToStringUtf8(), out var set, out _) && SplitRecord.TryRead(set, pair.Value.Memory, out var split, out _))
                {
                    splits[set] = split;
                }
            }

            return view with { Splits = splits };
        }
        catch (EtcdUnreachableException refused) when (EtcdFailure.IsRefusal(refused.InnerException))
        {
            return view;
        }
    }

    private async Task<OperatorView> ReadOnceAsync(CancellationToken cancellationToken)
    {
        var members = await _pages.ReadAsync(keys.Members, cancellationToken: cancellationToken).ConfigureAwait(false);
        var intents = await _pages.ReadAsync(keys.Intents, members.Revision, cancellationToken: cancellationToken).ConfigureAwait(false);
        var proxies = await _pages.ReadAsync(keys.Proxies, members.Revision, cancellationToken: cancellationToken).ConfigureAwait(false);
        var (membership, announced) = MemberListing.Read(keys, members, timeProvider);
        var (ofMembers, ofProxies) = Intents(intents.Keys);
        return new OperatorView(
            members.Revision,
            announced,
            membership.Rejected,
            ofMembers,
            [.. proxies.Keys.Where(static pair => pair.Lease != 0).Select(Proxy)])
        {
            Keys = keys,
            ProxyIntents = ofProxies,
        };
    }

    /// <summary>What is below the prefix, and neither of a member nor of a proxy, is nobody's business here.</summary>
    private (Dictionary<MemberKey, StoredIntent> OfMembers, Dictionary<string, StoredIntent> OfProxies) Intents(IReadOnlyList<Mvccpb.KeyValue> pairs)
    {
        var (ofMembers, ofProxies) = (new Dictionary<MemberKey, StoredIntent>(), new Dictionary<string, StoredIntent>(StringComparer.Ordinal));
        foreach (var pair in pairs)
        {
            var key = pair.Key.ToStringUtf8();
            if (keys.TryParseIntent(key, out var member, out _))
            {
                ofMembers[member] = Read(member, pair);
            }
            else if (keys.TryParseProxyIntent(key, out var proxy, out _))
            {
                ofProxies[proxy] = Read(default, pair);
            }
        }

        return (ofMembers, ofProxies);
    }

    private static StoredIntent Read(MemberKey member, Mvccpb.KeyValue pair)
    {
        IntentRecord.TryRead(member, pair.Value.Memory, out var intent, out var error);
        return new StoredIntent(pair.ModRevision, pair.Value.Memory, intent, error);
    }

    private LiveProxy Proxy(Mvccpb.KeyValue pair)
    {
        ProxyRecord.TryRead(pair.Value.Memory, out var status, out _);
        var key = pair.Key.ToStringUtf8();
        return new LiveProxy(key[keys.Proxies.Length..], status) { Key = key, CreatedRevision = pair.CreateRevision };
    }
}
