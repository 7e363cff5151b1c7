using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd;

/// <summary>An operator's wish as the store holds it.</summary>
/// <param name="Intent">The wish.</param>
/// <param name="ModRevision">The store's revision of the record.</param>
public sealed record StoredIntent(Intent Intent, long ModRevision);

/// <summary>What operators wish of the members and proxies of a cluster.</summary>
/// <param name="ByMember">What can be used of it, by member, announced or not.</param>
/// <param name="Rejected">The records that cannot be used.</param>
/// <param name="Newest">The newest revision of a record of a member's, one that cannot be used too; 0 where there is none.</param>
internal sealed record ClusterIntents(ImmutableSortedDictionary<MemberKey, StoredIntent> ByMember, IReadOnlyList<RejectedRecord> Rejected, long Newest)
{
    internal const int LongestKeyShown = 256;

    /// <summary>Nobody wishes anything, or nobody knows.</summary>
    public static ClusterIntents None { get; } = new(ImmutableSortedDictionary<MemberKey, StoredIntent>.Empty, [], 0);

    /// <summary>What can be used of what concerns proxies, by name, whether they report or not.</summary>
    public ImmutableSortedDictionary<string, StoredIntent> ByProxy { get; init; } = ImmutableSortedDictionary<string, StoredIntent>.Empty;

    /// <summary>Reads what stands below <see cref="EtcdKeys.Intents"/>.</summary>
    public static ClusterIntents Read(EtcdKeys keys, IEnumerable<Mvccpb.KeyValue> records)
    {
        var usable = ImmutableSortedDictionary.CreateBuilder<MemberKey, StoredIntent>();
        var ofProxies = ImmutableSortedDictionary.CreateBuilder<string, StoredIntent>(StringComparer.Ordinal);
        var rejected = new List<RejectedRecord>();
        var newest = 0L;
        foreach (var record in records)
        {
            var key = record.Key.ToStringUtf8();
            var isProxy = key.StartsWith(keys.ProxyIntents, StringComparison.Ordinal);
            newest = isProxy ? newest : Math.Max(newest, record.ModRevision);
            var isMember = keys.TryParseIntent(key, out var member, out var error);
            var proxy = isProxy && keys.TryParseProxyIntent(key, out var name, out error) ? name : null;
            if ((isMember || proxy is not null) && IntentRecord.TryRead(member, record.Value.Memory, out var intent, out error))
            {
                var stored = new StoredIntent(intent, record.ModRevision);
                if (proxy is null)
                {
                    usable[member] = stored;
                }
                else
                {
                    ofProxies[proxy] = stored;
                }
            }
            else
            {
                rejected.Add(new RejectedRecord(SafeText.Shorten(key, LongestKeyShown), error!, KeepsLastGood: false) { Member = isMember ? member : null, Proxy = proxy });
            }
        }

        return new ClusterIntents(usable.ToImmutable(), rejected, newest) { ByProxy = ofProxies.ToImmutable() };
    }
}
