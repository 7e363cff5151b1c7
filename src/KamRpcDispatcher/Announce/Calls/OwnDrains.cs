using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Announce.Calls;

/// <summary>Reads which of an announcer's members operators drain.</summary>
/// <remarks>
/// Key by key, and not by a watch of a prefix: so its role needs no right to read what is wished of others, and a reading that fails loses nothing. It costs one small
/// transaction each time.
/// </remarks>
internal sealed class OwnDrains(EtcdConnection store, EtcdKeys keys)
{
    private readonly KeyTransactions _transactions = new(store);

    /// <exception cref="RpcException">etcd could not be asked, or refuses.</exception>
    public async Task<IReadOnlyList<MemberKey>> ReadAsync(IEnumerable<MemberKey> members, CancellationToken cancellationToken)
    {
        var drained = new List<MemberKey>();
        foreach (var some in members.Chunk(KeyTransactions.MostKeys))
        {
            var names = Array.ConvertAll(some, member => ByteString.CopyFromUtf8(keys.Intent(member)));
            var (_, found) = await _transactions.ReadAsync(names, withValue: true, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
            drained.AddRange(some.Where((member, index) => found[index] is { } record && IsDrain(member, record)));
        }

        return drained;
    }

    /// <summary>Of a record that cannot be used nobody knows: dispatchers and operators are told of it.</summary>
    private static bool IsDrain(MemberKey member, Mvccpb.KeyValue record) => IntentRecord.TryRead(member, record.Value.Memory, out var intent, out _) && intent.IsDrained;
}
