using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate;

/// <summary>Writes intents, with their entry in the history, as long as what was decided on is still so.</summary>
/// <remarks>
/// A condition on all keys of a set (of members and their intents, or on the intents of all proxies) that none is newer than what was read is broken by whatever is written there, and not by what is
/// deleted: so those who are counted on are named one by one, as far as there is room.
/// </remarks>
internal sealed class IntentTransaction(EtcdConnection store, EtcdKeys keys)
{
    /// <summary>How many intents one transaction takes.</summary>
    public const int MostKeys = 100;

    /// <summary>etcd takes 128 (<c>--max-txn-ops</c>) unless it is told otherwise.</summary>
    private const int MostConditions = 128;

    /// <summary>The rest is for those who are counted on.</summary>
    private const int MostOfKeysAndSets = 104;

    /// <summary>Writes the first ones, as many as one transaction takes; none where a condition does not hold.</summary>
    /// <param name="writes">What is to be written, in the order of its keys.</param>
    /// <param name="revision">The revision that was decided on.</param>
    /// <param name="counted">Those on whom the decision rests; null where it rests on nobody.</param>
    /// <param name="record">Makes the entry of those that one transaction takes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many were written, and by which revision; where none was, whether an earlier try of the call may have written them unanswered.</returns>
    /// <exception cref="EtcdUnreachableException">No answer: whether it was written is not known. Or etcd refuses.</exception>
    public async Task<IntentsWritten> WriteAsync(IReadOnlyList<IntentWrite> writes, long revision, IReadOnlyList<CountedKey>? counted, Func<IReadOnlyList<IntentWrite>, RecordedChange> record, CancellationToken cancellationToken)
    {
        var transaction = new TxnRequest();
        var count = Add(transaction, new IntentsBeside(writes, revision, counted));
        var entry = record([.. writes.Take(count)]);
        transaction.Success.Add(entry.Put);
        var calls = 0;
        var done = await EtcdUnreachableException.GuardAsync(
            store,
            async () =>
            {
                calls++;
                return await store.Keys.TxnAsync(transaction, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        return done.Succeeded
            ? new IntentsWritten(count, done.Header.Revision, IsInDoubt: false, entry)
            : new IntentsWritten(0, 0, calls > 1, entry);
    }

    /// <summary>The record of an intent; null where nothing is wished by it any more.</summary>
    public static ByteString? ValueOf(Intent wished) => wished is { IsDrained: false, Weight: null } ? null : ByteString.CopyFrom(IntentRecord.Write(wished));

    /// <summary>Adds the first writes to a transaction, as many as one takes, with their conditions; the answer is how many.</summary>
    public int Add(TxnRequest transaction, IntentsBeside intents)
    {
        var (writes, revision, counted) = intents;
        var already = transaction.Success.Count;
        var groups = new HashSet<string>(StringComparer.Ordinal);
        foreach (var write in writes)
        {
            var group = write.Subject.Group;
            var isNewGroup = counted is not null && !groups.Contains(group);
            if (transaction.Success.Count - already == MostKeys || transaction.Compare.Count + (isNewGroup ? 3 : 1) > MostOfKeysAndSets)
            {
                break;
            }

            if (isNewGroup)
            {
                groups.Add(group);
                transaction.Compare.Add(KeyConditions.NothingNewer(keys.Intents + group, revision));
                if (write.Subject.Proxy is null)
                {
                    transaction.Compare.Add(KeyConditions.NothingNewer(keys.Members + group, revision));
                }
            }

            var key = ByteString.CopyFromUtf8(keys.Intents + write.Subject.Path);
            transaction.Compare.Add(KeyConditions.Unchanged(key, write.ModRevision));
            transaction.Success.Add(write.Value is { } value
                ? new RequestOp { RequestPut = new PutRequest { Key = key, Value = value } }
                : new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } });
        }

        foreach (var one in (counted ?? []).Where(one => groups.Contains(one.Group)).Take(MostConditions - transaction.Compare.Count).ToList())
        {
            var key = ByteString.CopyFromUtf8(one.Key);
            transaction.Compare.Add(one.IsOfCreation
                ? KeyConditions.CreatedBy(key, one.Revision)
                : KeyConditions.Unchanged(key, one.Revision));
        }

        return transaction.Success.Count - already;
    }
}

/// <summary>Intents that are written in one transaction with something else.</summary>
/// <param name="Writes">What becomes of them.</param>
/// <param name="Revision">The revision that was decided on.</param>
/// <param name="Counted">Those on whom the decision rests; null where it rests on nobody.</param>
internal sealed record IntentsBeside(IReadOnlyList<IntentWrite> Writes, long Revision, IReadOnlyList<CountedKey>? Counted);

/// <summary>What becomes of one intent.</summary>
/// <param name="Subject">Whose.</param>
/// <param name="Value">The record; null where it is deleted.</param>
/// <param name="ModRevision">The revision that it must still be of, 0 for absent.</param>
internal readonly record struct IntentWrite(IntentSubject Subject, ByteString? Value, long ModRevision);

/// <summary>What a transaction did.</summary>
/// <param name="Count">How many of the writes, the first ones.</param>
/// <param name="Revision">The store's that wrote them.</param>
/// <param name="IsInDoubt">Whether nothing was written by the call that was answered, and another one before it was not answered.</param>
/// <param name="Entry">The entry in the history that is written with them.</param>
internal readonly record struct IntentsWritten(int Count, long Revision, bool IsInDoubt, RecordedChange Entry);
