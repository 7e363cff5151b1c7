using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>The keys that a <see cref="LeaseKeeper"/> holds under its lease, read and written many at a time.</summary>
internal sealed class LeasedRecords(EtcdStore store, Action updated, ILogger logger)
{
    private readonly List<LeasedRecord> _records = [];
    private readonly KeyTransactions _keys = new(store);
    private long _revision;

    /// <summary>The newest revision that wrote one of them.</summary>
    public long Revision => Interlocked.Read(ref _revision);

    public int Count => _records.Count;

    public LeasedRecord Add(string key, byte[]? farewell, Func<ReadOnlyMemory<byte>, bool> mayTakeOver, bool takesBack)
    {
        var record = new LeasedRecord(key, farewell, mayTakeOver, updated, logger, takesBack);
        _records.Add(record);
        return record;
    }

    /// <summary>How many keys somebody else has.</summary>
    public int OccupiedCount => _records.Count(static record => record.IsOccupied);

    public bool Any(Predicate<LeasedRecord> condition) => _records.Exists(condition);

    public bool All(Predicate<LeasedRecord> condition) => _records.TrueForAll(condition);

    /// <summary>They have gone with their lease.</summary>
    public void LeaseEnded() => _records.ForEach(static record => record.LeaseEnded());

    /// <summary>Looks what stands under the keys: somebody may have deleted one, or taken it, or left it.</summary>
    public async Task LookAsync(long lease, CancellationToken cancellationToken)
    {
        foreach (var isHeld in (bool[])[true, false])
        {
            foreach (var batch in _records.FindAll(record => record.IsHeld == isHeld).Chunk(KeyTransactions.MostKeys))
            {
                // Of what is held by us only revision and lease matter.
                var found = await _keys.ReadAsync([.. batch.Select(static record => record.Key)], withValue: !isHeld, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
                for (var index = 0; index < batch.Length; index++)
                {
                    batch[index].See(found[index], withValue: !isHeld, lease);
                }
            }
        }
    }

    /// <summary>Writes what is due.</summary>
    public async Task WriteAsync(long lease, CancellationToken cancellationToken)
    {
        foreach (var batch in _records.FindAll(static record => record.IsDue).Chunk(KeyTransactions.MostKeys))
        {
            var writes = Array.ConvertAll(batch, static record => record.Write());
            var (revision, found) = await _keys.WriteAsync(writes, lease, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
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

            Interlocked.Exchange(ref _revision, Math.Max(Revision, revision));
        }
    }

    /// <summary>Deletes those that are ours, after a last word.</summary>
    public async Task DeleteAsync(long lease, CancellationToken cancellationToken)
    {
        foreach (var batch in _records.Chunk(KeyTransactions.MostKeys))
        {
            await _keys.DeleteUnderAsync(lease, [.. batch.Select(static record => (record.Key, record.Farewell))], EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
        }
    }

    public override string ToString() => Count == 1 ? _records[0].Name : $"{_records[0].Name} and {Count - 1} more";
}
