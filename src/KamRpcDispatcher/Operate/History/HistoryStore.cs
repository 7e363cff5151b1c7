using System.Globalization;
using System.Security.Cryptography;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.History;

/// <summary>The history in etcd: each entry is written in the transaction of its change, so that nothing is changed without one. Who writes keeps it short; no daemon reads or writes it.</summary>
public sealed class HistoryStore(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <summary>As many entries are kept.</summary>
    public const int MostEntries = 500;

    /// <summary>As many are deleted by one who writes: where there are far too many, several writers do it.</summary>
    internal const int MostDeleted = 64;

    /// <summary>The entries, the newest first, in the order in which the store took them: whose clock was right does not matter.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public async Task<HistoryView> ReadAsync(CancellationToken cancellationToken)
    {
        var pages = new KeyPages(store, timeProvider);
        var listed = await EtcdUnreachableException.GuardAsync(store, () => pages.ReadAsync(keys.History, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
        var (entries, rejected) = (new List<StoredHistory>(), new List<RejectedRecord>());
        foreach (var pair in listed.Keys.OrderByDescending(static pair => pair.CreateRevision))
        {
            if (HistoryRecord.TryRead(pair.Value.Memory, out var entry, out var error))
            {
                entries.Add(new StoredHistory(pair.CreateRevision, entry));
            }
            else
            {
                rejected.Add(new RejectedRecord(SafeText.Shorten(pair.Key.ToStringUtf8(), MemberValidation.MaxReasonLength), error, KeepsLastGood: false));
            }
        }

        return new HistoryView(listed.Revision, entries, rejected);
    }

    /// <summary>Makes the entry of a change that is about to be sent: <see cref="RecordedChange.Put"/> belongs into its transaction.</summary>
    internal RecordedChange Begin(HistoryEntry entry) => new(
        string.Create(CultureInfo.InvariantCulture, $"{keys.History}{entry.At.UtcDateTime:yyyyMMdd'T'HHmmssfff'Z'}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}"), entry) { SentAt = timeProvider.GetTimestamp() };

    /// <summary>Why a transaction with an entry was refused, where it was because of the history: a sentence, safe to print; else null.</summary>
    /// <param name="refused">What etcd said to it.</param>
    /// <param name="others">The prefix of what else it writes: where that may not be written either, it was not for the history alone.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<string?> WhyForbiddenAsync(EtcdUnreachableException refused, string others, CancellationToken cancellationToken) =>
        refused.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied }
        && await KeyRights.AreMissingAsync(store, keys.History, cancellationToken).ConfigureAwait(false) && !await KeyRights.AreMissingAsync(store, others, cancellationToken).ConfigureAwait(false)
            ? $"etcd does not let the history be written, and nothing is changed without its entry there: its role needs readwrite on the prefix {keys.History} (etcdctl role grant-permission ROLE readwrite --prefix=true {keys.History})"
            : null;

    /// <summary>Adds to an entry which proxies have applied the change. What stands there has to be what was written with the change: else it is left.</summary>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    internal Task AcknowledgeAsync(RecordedChange change, IEnumerable<ProxyTime> times, IEnumerable<string> missing, CancellationToken cancellationToken)
    {
        var entry = change.Entry with { Acknowledged = [.. times.OrderByDescending(static time => time.After).Take(HistoryEntry.MostProxies)], Missing = [.. missing.Take(HistoryEntry.MostProxies)] };
        var transaction = new TxnRequest
        {
            Compare = { new Compare { Key = change.Put.RequestPut.Key, Target = Compare.Types.CompareTarget.Value, Result = Compare.Types.CompareResult.Equal, Value = change.Put.RequestPut.Value } },
            Success = { (change with { Entry = entry }).Put },
        };
        return SendAsync(transaction, cancellationToken);
    }

    /// <summary>Deletes the oldest entries where there are more than are kept: some of them only.</summary>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    internal async Task TrimAsync(CancellationToken cancellationToken)
    {
        var oldest = new RangeRequest
        {
            Key = ByteString.CopyFromUtf8(keys.History), RangeEnd = EtcdKeys.PrefixEnd(keys.History), KeysOnly = true, Limit = MostDeleted,
            SortTarget = RangeRequest.Types.SortTarget.Create, SortOrder = RangeRequest.Types.SortOrder.Ascend,
        };
        var found = await EtcdUnreachableException.GuardAsync(store, async () => await store.Keys.RangeAsync(oldest, EtcdCall.Options(cancellationToken)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        if (found.Count > MostEntries)
        {
            await SendAsync(
                new TxnRequest { Success = { found.Kvs.Take((int)Math.Min(MostDeleted, found.Count - MostEntries)).Select(static pair => new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = pair.Key } }) } },
                cancellationToken).ConfigureAwait(false);
        }
    }

    private Task<TxnResponse> SendAsync(TxnRequest transaction, CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync(store, async () => await store.Keys.TxnAsync(transaction, EtcdCall.Options(cancellationToken)).ConfigureAwait(false), cancellationToken);
}

/// <summary>What the history holds.</summary>
/// <param name="Revision">The store's revision that was read.</param>
/// <param name="Entries">The newest first.</param>
/// <param name="Rejected">What cannot be read.</param>
public sealed record HistoryView(long Revision, IReadOnlyList<StoredHistory> Entries, IReadOnlyList<RejectedRecord> Rejected);

/// <summary>A change with its entry.</summary>
/// <param name="Key">The entry's key.</param>
/// <param name="Entry">What it says.</param>
public sealed record RecordedChange(string Key, HistoryEntry Entry)
{
    /// <summary>When it was sent, a timestamp.</summary>
    public long SentAt { get; init; }

    /// <summary>The store's revision that made it; 0 where that is not known yet.</summary>
    public long Revision { get; init; }

    /// <summary>Writes the entry.</summary>
    internal RequestOp Put => new() { RequestPut = new PutRequest { Key = ByteString.CopyFromUtf8(Key), Value = ByteString.CopyFrom(HistoryRecord.Write(Entry)) } };
}
