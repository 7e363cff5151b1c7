using Etcdserverpb;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>The keys that a <see cref="LeaseKeeper"/> holds under its lease, read and written many at a time.</summary>
/// <remarks>A key that etcd refuses keeps none of the others from being read, written or deleted; it is tried again after a rest.</remarks>
internal sealed class LeasedRecords(EtcdConnection store, TimeSpan patience, Action updated, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>As many of those that are refused are named.</summary>
    private const int MostNamed = 5;

    private static readonly TimeSpan ShortestRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    /// <summary>To find the ones that are refused takes up to two calls for each: more of them rest longer.</summary>
    private static readonly TimeSpan RestForEach = TimeSpan.FromMilliseconds(100);

    private readonly List<LeasedRecord> _records = [];
    private readonly KeyTransactions _keys = new(store);

    /// <summary>The newest revision that wrote what stands under one of them, by whatever write: of one whose answer was lost too.</summary>
    public long Revision => _records.Where(static record => record.IsHeld).Select(static record => record.ModRevision).DefaultIfEmpty(0).Max();

    /// <summary>Which etcd the keys were read in last, and its revision then.</summary>
    public (ulong Cluster, long Revision) Store { get; set; }

    public int Count => _records.Count;

    public IReadOnlyList<LeasedRecord> Each => _records;

    /// <param name="key">The key, that of no other record here.</param>
    /// <param name="farewell">What is written before the key is deleted, null for nothing.</param>
    /// <param name="mayTakeOver">Whether a value found under the key, held by another lease, is ours from an earlier life.</param>
    /// <param name="takesBack">Whether it may be taken over from who took it from us too.</param>
    public LeasedRecord Add(string key, byte[]? farewell, Func<ReadOnlyMemory<byte>, bool> mayTakeOver, bool takesBack)
    {
        var record = new LeasedRecord(key, farewell, mayTakeOver, updated, logger, takesBack, timeProvider);
        _records.Add(record);
        return record;
    }

    /// <summary>How many keys somebody else has.</summary>
    public int OccupiedCount => _records.Count(static record => record.IsOccupied);

    /// <summary>The keys that somebody else has, in one line; null for none.</summary>
    public string? Occupied => _records.Find(static record => record.IsOccupied) is { } first ? Name(first.Name, OccupiedCount) : null;

    /// <summary>The keys that send calls to servers which are to get none, in one line; null for none.</summary>
    public string? Harmful => _records.FindAll(static record => record.IsHarmful) is { Count: > 0 } harmful ? Name(harmful[0].Name, harmful.Count) : null;

    /// <summary>The keys that etcd refuses, and why, in one line; null for none.</summary>
    public string? Refused => _records.FindAll(static record => record.IsRefused) is [{ Refusal: { } refusal }, ..] refused
        ? $"{string.Join(", ", refused.Take(MostNamed).Select(static record => record.Name))}{(refused.Count > MostNamed ? $" and {refused.Count - MostNamed} more" : string.Empty)} ({EtcdFailure.Describe(refusal)})"
        : null;

    /// <summary>Why etcd refuses them, where it refuses every one; null where it does not.</summary>
    public Exception? WholeRefusal => All(static record => record.IsRefused) ? _records[0].Refusal : null;

    /// <summary>Whether what stands under one of them is to be read now.</summary>
    public bool HasUnknown => Any(record => record.IsUnknown && !IsResting(record));

    /// <summary>Whether one of them is to be written now.</summary>
    public bool HasDue => Any(record => record.IsDue && !IsResting(record));

    /// <summary>How long until one that etcd refuses is tried again; null for none.</summary>
    public TimeSpan? UntilRetry =>
        _records.FindAll(static record => record.IsRefused && (record.IsUnknown || record.IsDue)) is { Count: > 0 } waiting
            ? waiting.Min(record => TimeSpan.FromTicks(Math.Max(0, (Rest - timeProvider.GetElapsedTime(record.RefusedAt)).Ticks)))
            : null;

    public bool Any(Predicate<LeasedRecord> condition) => _records.Exists(condition);

    public bool All(Predicate<LeasedRecord> condition) => _records.TrueForAll(condition);

    /// <summary>They have gone with their lease.</summary>
    public void LeaseEnded() => _records.ForEach(static record => record.LeaseEnded());

    /// <summary>They are under another lease now, unless the one before ended meanwhile.</summary>
    public void LeaseReplaced() => _records.FindAll(static record => record.IsHeld).ForEach(static record => record.LeaseEnded());

    /// <summary>Reads what stands under the keys: somebody may have deleted one, or taken it, or left it.</summary>
    /// <param name="lease">Ours, 0 for none.</param>
    /// <param name="renewal">Of the lease, meanwhile: all calls together may take longer than it lives.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ReadAsync(long lease, LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        foreach (var isHeld in (bool[])[true, false])
        {
            foreach (var batch in Batches(record => record.IsHeld == isHeld && !(record.IsUnreadable && IsResting(record))))
            {
                await ReadAsync(batch, isHeld, lease, renewal, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Writes what is due.</summary>
    /// <param name="lease">Ours.</param>
    /// <param name="renewal">Of the lease, meanwhile.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task WriteAsync(long lease, LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        foreach (var batch in Batches(record => record.IsDue && !IsResting(record)))
        {
            await WriteAsync(batch, lease, renewal, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Deletes those that are ours, after a last word.</summary>
    /// <param name="leases">Ours.</param>
    /// <param name="ours">To which the names of those that are ours are added.</param>
    /// <param name="left">To which the names of those that are ours and that etcd does not let be deleted are added.</param>
    /// <param name="begin">Called before each call: how long it may take.</param>
    /// <returns>Whether all are deleted, or the end of the leases has to do it, and why etcd took no last word; null when it did.</returns>
    public async Task<(bool IsDone, Exception? Refusal)> DeleteAsync(IReadOnlyCollection<long> leases, ISet<string> ours, ISet<string> left, Func<Task<CallOptions>> begin)
    {
        var isDone = true;
        Exception? refusal = null;
        left.Clear();
        foreach (var batch in Batches(static _ => true))
        {
            await DeleteAsync(batch).ConfigureAwait(false);
        }

        return (isDone, refusal);

        async Task DeleteAsync(LeasedRecord[] batch)
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
            catch (RpcException refused) when (EtcdFailure.IsRefusal(refused))
            {
                if (batch.Length > 1 && EtcdFailure.IsOfKeys(refused))
                {
                    await HalvesAsync(batch, DeleteAsync).ConfigureAwait(false);
                }
                else if (batch.Where(static record => record.IsHeld).Select(static record => record.Name).ToList() is { Count: > 0 } held)
                {
                    ours.UnionWith(held);
                    left.UnionWith(held);
                    isDone = false;
                    refusal ??= refused;
                }
            }
        }
    }

    /// <summary>The time that those which are refused are left alone.</summary>
    private TimeSpan Rest => TimeSpan.FromTicks(Math.Clamp((RestForEach * _records.Count(static record => record.IsRefused)).Ticks, ShortestRest.Ticks, LongestRest.Ticks));

    private bool IsResting(LeasedRecord record) => record.IsRefused && timeProvider.GetElapsedTime(record.RefusedAt) < Rest;

    /// <summary>As many at a time as a transaction takes; those that were refused apart from the others.</summary>
    private List<LeasedRecord[]> Batches(Predicate<LeasedRecord> condition) =>
        [.. _records.FindAll(condition).GroupBy(static record => record.IsRefused).SelectMany(static group => group.Chunk(KeyTransactions.MostKeys))];

    private async Task ReadAsync(LeasedRecord[] batch, bool isHeld, long lease, LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        try
        {
            // Of what is held by us only revision and lease matter.
            var (header, found) = await renewal.DuringAsync(
                token => _keys.ReadAsync([.. batch.Select(static record => record.Key)], withValue: !isHeld, EtcdCall.Options(patience, token)), cancellationToken).ConfigureAwait(false);
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
        catch (RpcException refused) when (EtcdFailure.IsOfKeys(refused))
        {
            await RefuseAsync(batch, refused, isReading: true, half => ReadAsync(half, isHeld, lease, renewal, cancellationToken)).ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(LeasedRecord[] batch, long lease, LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        var writes = Array.ConvertAll(batch, static record => record.Write());
        try
        {
            var (revision, found) = await renewal.DuringAsync(token => _keys.WriteAsync(writes, lease, EtcdCall.Options(patience, token)), cancellationToken).ConfigureAwait(false);
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
        catch (RpcException refused) when (EtcdFailure.IsOfKeys(refused))
        {
            await RefuseAsync(batch, refused, isReading: false, half => WriteAsync(half, lease, renewal, cancellationToken)).ConfigureAwait(false);
        }
    }

    /// <summary>One of them at least is refused: which of them, its halves tell.</summary>
    private Task RefuseAsync(LeasedRecord[] batch, RpcException refusal, bool isReading, Func<LeasedRecord[], Task> again)
    {
        if (batch is [var one])
        {
            one.Refuse(refusal, isReading, timeProvider.GetTimestamp());
            return Task.CompletedTask;
        }

        return HalvesAsync(batch, again);
    }

    private static async Task HalvesAsync(LeasedRecord[] batch, Func<LeasedRecord[], Task> work)
    {
        await work(batch[..(batch.Length / 2)]).ConfigureAwait(false);
        await work(batch[(batch.Length / 2)..]).ConfigureAwait(false);
    }

    /// <summary>Whether the store is another one than before, or was restored from a backup.</summary>
    private bool IsAnother(ResponseHeader header)
    {
        var isAnother = Store.Cluster != 0 && (header.ClusterId != Store.Cluster || header.Revision < Store.Revision);
        Store = (header.ClusterId, header.Revision);
        return isAnother;
    }

    /// <summary>The first of so many keys, and how many more.</summary>
    public static string Name(string first, int count) => count == 1 ? first : $"{first} and {count - 1} more";

    public override string ToString() => Name(_records[0].Name, Count);
}
