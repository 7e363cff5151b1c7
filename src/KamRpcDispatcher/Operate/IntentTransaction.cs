using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;

namespace KamRpcDispatcher.Operate;

/// <summary>Writes intents, as long as what was decided on is still so.</summary>
/// <remarks>
/// A condition on all keys of a set that none is newer than what was read is broken by whatever is written there, and not by what is deleted: so those
/// who are counted on are named one by one, as far as there is room.
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
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many were written, and by which revision; where none was, whether an earlier try of the call may have written them unanswered.</returns>
    /// <exception cref="EtcdUnreachableException">No answer: whether it was written is not known. Or etcd refuses.</exception>
    public async Task<IntentsWritten> WriteAsync(IReadOnlyList<IntentWrite> writes, long revision, IReadOnlyList<AnnouncedMember>? counted, CancellationToken cancellationToken)
    {
        var transaction = new TxnRequest();
        var sets = new HashSet<int>();
        foreach (var write in writes)
        {
            var isNewSet = counted is not null && !sets.Contains(write.Member.Set);
            if (transaction.Success.Count == MostKeys || transaction.Compare.Count + (isNewSet ? 3 : 1) > MostOfKeysAndSets)
            {
                break;
            }

            if (isNewSet)
            {
                sets.Add(write.Member.Set);
                transaction.Compare.Add(Nothing(keys.Members, write.Member.Set, revision));
                transaction.Compare.Add(Nothing(keys.Intents, write.Member.Set, revision));
            }

            var key = ByteString.CopyFromUtf8(keys.Intent(write.Member));
            transaction.Compare.Add(Unchanged(key, write.ModRevision));
            transaction.Success.Add(write.Value is { } value
                ? new RequestOp { RequestPut = new PutRequest { Key = key, Value = value } }
                : new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } });
        }

        foreach (var announced in (counted ?? []).Where(announced => sets.Contains(announced.Member.Key.Set)).Take(MostConditions - transaction.Compare.Count).ToList())
        {
            transaction.Compare.Add(Unchanged(ByteString.CopyFromUtf8(keys.Member(announced.Member.Key)), announced.ModRevision));
        }

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
            ? new IntentsWritten(transaction.Success.Count, done.Header.Revision, IsInDoubt: false)
            : new IntentsWritten(0, 0, calls > 1);
    }

    /// <summary>Nothing of the set is newer.</summary>
    private static Compare Nothing(string below, int set, long newerThan)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{below}{set}/");
        return new Compare
        {
            Key = ByteString.CopyFromUtf8(prefix), RangeEnd = EtcdKeys.PrefixEnd(prefix), Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Less, ModRevision = newerThan + 1,
        };
    }

    private static Compare Unchanged(ByteString key, long revision) =>
        new() { Key = key, Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Equal, ModRevision = revision };
}

/// <summary>What becomes of one intent.</summary>
/// <param name="Member">Whose.</param>
/// <param name="Value">The record; null where it is deleted.</param>
/// <param name="ModRevision">The revision that it must still be of, 0 for absent.</param>
internal readonly record struct IntentWrite(MemberKey Member, ByteString? Value, long ModRevision);

/// <summary>What a transaction did.</summary>
/// <param name="Count">How many of the writes, the first ones.</param>
/// <param name="Revision">The store's that wrote them.</param>
/// <param name="IsInDoubt">Whether nothing was written by the call that was answered, and another one before it was not answered.</param>
internal readonly record struct IntentsWritten(int Count, long Revision, bool IsInDoubt);
