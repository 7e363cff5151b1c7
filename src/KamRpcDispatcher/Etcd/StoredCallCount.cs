using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd;

/// <summary>What an announcer says of the calls that are up on a member, as the store holds it.</summary>
/// <param name="Count">The count; null where the record cannot be used.</param>
/// <param name="Error">Why not; null where it can.</param>
public sealed record StoredCallCount(CallCount? Count, string? Error)
{
    /// <summary>Reads what stands below <see cref="EtcdKeys.Calls"/>; what is no member's is left out.</summary>
    internal static Dictionary<MemberKey, StoredCallCount> Read(EtcdKeys keys, IEnumerable<Mvccpb.KeyValue> records)
    {
        var found = new Dictionary<MemberKey, StoredCallCount>();
        foreach (var record in records)
        {
            if (keys.TryParseCallCount(record.Key.ToStringUtf8(), out var member, out _))
            {
                CallCountRecord.TryRead(record.Value.Memory, out var count, out var error);
                found[member] = new StoredCallCount(count, error);
            }
        }

        return found;
    }
}
