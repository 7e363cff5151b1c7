using Etcdserverpb;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>The keys that a <see cref="LeaseKeeper"/> holds under its lease, read and written many at a time.</summary>
internal sealed class LeasedRecords(EtcdStore store, TimeSpan patience, Action updated, ILogger logger)
{
    private readonly List<LeasedRecord> _records = [];
    private readonly KeyTransactions _keys = new(store);
    private long _storeRevision;
    private ulong _clusterId;

    /// <summary>The newest revision that wrote what stands under one of them, by whatever write: of one whose answer was lost too.</summary>
    public long Revision => _records.Where(static record => record.IsHeld).Select(static record => record.ModRevision).DefaultIfEmpty(0).Max();

    public int Count => _records.Count;

    public LeasedRecord Add(string key, byte[]? farewell, Func<ReadOnlyMemory<byte>, bool> mayTakeOver, bool takesBack)
    {
        var record = new LeasedRecord(key, farewell, mayTakeOver, updated, logger, takesBack);
        _records.Add(record);
        return record;
    }

    /// <summary>How many keys somebody else has.</summary>
    public int OccupiedCount => _records.Count(static record => record.IsOccupied);

    /// <summary>The keys that somebody else has, in one line; null for none.</summary>
    public string? Occupied => _records.Find(static record => record.IsOccupied) is { } first ? Name(first.Name, OccupiedCount) : null;

    /// <summary>The keys that send calls to servers which are to get none, in one line; null for none.</summary>
    public string? Harmful => _records.FindAll(static record => record.IsHarmful) is { Count: > 0 } harmful ? Name(harmful[0].Name, harmful.Count) : null;

    public bool Any(Predicate<LeasedRecord> condition) => _records.Exists(condition);

    public bool All(Predicate<LeasedRecord> condition) => _records.TrueForAll(condition);

    /// <summary>They have gone with their lease.</summary>
    public void LeaseEnded() => _records.ForEach(static record => record.LeaseEnded());

    /// <summary>They are under another lease now, unless the one before ended meanwhile.</summary>
    public void LeaseReplaced() => _records.FindAll(static record => record.IsHeld).ForEach(static record => record.LeaseEnded());

    /// <summary>Looks what stands under the keys: somebody may have deleted one, or taken it, or left it.</summary>
    /// <param name="lease">Ours, 0 for none.</param>
    /// <param name="renew">Called before each call: all of them together may take longer than the lease lives.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task LookAsync(long lease, Func<CancellationToken, Task> renew, CancellationToken cancellationToken)
    {
        foreach (var isHeld in (bool[])[true, false])
        {
            foreach (var batch in _records.FindAll(record => record.IsHeld == isHeld).Chunk(KeyTransactions.MostKeys))
            {
                await renew(cancellationToken).ConfigureAwait(false);

                // Of what is held by us only revision and lease matter.
                var (header, found) = await _keys.ReadAsync([.. batch.Select(static record => record.Key)], withValue: !isHeld, EtcdStore.Options(patience, cancellationToken)).ConfigureAwait(false);
                if (isHeld && IsAnother(header))
                {
                    // A revision that is known may stand for another value there.
                    LeaseEnded();
                }

                for (var index = 0; index < batch.Length; index++)
                {
                    batch[index].See(found[index], withValue: !isHeld, lease);
                }
            }
        }
    }

    /// <summary>Writes what is due.</summary>
    /// <param name="lease">Ours.</param>
    /// <param name="renew">Called before each call.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task WriteAsync(long lease, Func<CancellationToken, Task> renew, CancellationToken cancellationToken)
    {
        foreach (var batch in _records.FindAll(static record => record.IsDue).Chunk(KeyTransactions.MostKeys))
        {
            await renew(cancellationToken).ConfigureAwait(false);
            var writes = Array.ConvertAll(batch, static record => record.Write());
            var (revision, found) = await _keys.WriteAsync(writes, lease, EtcdStore.Options(patience, cancellationToken)).ConfigureAwait(false);
            for (var index = 0; index < batch.Length; index++)
            {
                if (found is null)
                {
                    batch[index].Written(writes[index].Value, revision, lease);
                }
                else
                {
                    // One of them is not as it was taken for: the others are written in the next round.
                    batch[index].See(found[index], withValue: true, lease);
                }
            }
        }
    }

    /// <summary>Deletes those that are ours, after a last word.</summary>
    /// <param name="leases">Ours.</param>
    /// <param name="ours">To which the names of those that are ours are added.</param>
    /// <param name="begin">Called before each call: how long it may take.</param>
    /// <returns>Whether all are deleted, or the end of the leases has to do it, and why etcd took no last word; null when it did.</returns>
    public async Task<(bool IsDone, Exception? Refusal)> DeleteAsync(IReadOnlyCollection<long> leases, ISet<string> ours, Func<Task<CallOptions>> begin)
    {
        var isDone = true;
        Exception? refusal = null;
        foreach (var batch in _records.Chunk(KeyTransactions.MostKeys))
        {
            try
            {
                var (isDeleted, refused) = await _keys.DeleteUnderAsync(
                    leases,
                    batch.ToDictionary(static record => record.Key, static record => record.Farewell),
                    found => ours.UnionWith(found.Select(static key => key.ToStringUtf8())),
                    begin).ConfigureAwait(false);
                isDone &= isDeleted;
                refusal ??= refused;
            }
            catch (RpcException refused) when (EtcdStore.IsRefusal(refused))
            {
                ours.UnionWith(batch.Where(static record => record.IsHeld).Select(static record => record.Name));
                isDone = false;
                refusal ??= refused;
            }
        }

        return (isDone, refusal);
    }

    /// <summary>Whether the store is another one than before, or was restored from a backup.</summary>
    private bool IsAnother(ResponseHeader header)
    {
        var isAnother = _clusterId != 0 && (header.ClusterId != _clusterId || header.Revision < _storeRevision);
        (_clusterId, _storeRevision) = (header.ClusterId, header.Revision);
        return isAnother;
    }

    /// <summary>The first of so many keys, and how many more.</summary>
    public static string Name(string first, int count) => count == 1 ? first : $"{first} and {count - 1} more";

    public override string ToString() => Name(_records[0].Name, Count);
}
