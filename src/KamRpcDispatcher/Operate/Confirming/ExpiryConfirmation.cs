using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Sources.Records;

using Member = KamRpcDispatcher.Destinations.Member;

namespace KamRpcDispatcher.Operate.Confirming;

/// <summary>Says for expired members that dispatchers hold back that they are gone, by a record that says <c>down</c> and ends by itself, with an entry in the history.</summary>
/// <remarks>
/// A member that was <c>down</c> does not count as expired, so nothing is left when the lease ends. A server that comes back before
/// takes its key over, as after a crash.
/// </remarks>
public sealed class ExpiryConfirmation(EtcdConnection store, EtcdKeys keys, ConfirmationRequest request, TimeProvider timeProvider)
{
    /// <summary>The reason in the record.</summary>
    public const string Reason = "confirmed gone";

    /// <summary>As many are confirmed by one transaction: each has a condition and a record, and etcd takes 128 of both.</summary>
    internal const int MostAtOnce = 60;

    /// <summary>How long the record stays: long enough for every dispatcher to see it, one that lost etcd for a moment too.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(60);

    private readonly EtcdLease _lease = new(store, Ttl, timeProvider);
    private readonly HistoryStore _history = new(store, keys, timeProvider);

    /// <summary>Writes the records of those whose keys are absent.</summary>
    /// <param name="members">At most <see cref="MostAtOnce"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What came of each.</returns>
    /// <exception cref="EtcdUnreachableException">No answer; they may have been written, and confirming again does no harm. Or etcd refuses.</exception>
    public Task<IReadOnlyDictionary<MemberKey, ConfirmationOutcome>> ConfirmAsync(IReadOnlyList<Member> members, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(members);
        return EtcdUnreachableException.GuardAsync(store, () => WriteAsync(members, cancellationToken), cancellationToken);
    }

    private async Task<IReadOnlyDictionary<MemberKey, ConfirmationOutcome>> WriteAsync(IReadOnlyList<Member> members, CancellationToken cancellationToken)
    {
        await _lease.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var outcomes = new Dictionary<MemberKey, ConfirmationOutcome>();
        for (IReadOnlyList<Member> left = members; left.Count > 0; left = [.. members.Where(member => !outcomes.ContainsKey(member.Key))])
        {
            var entry = _history.Begin(new HistoryEntry(timeProvider.GetUtcNow(), request.By, "confirm") { From = "held", To = Reason, Reason = request.Reason }
                .About(left.Select(static member => member.Key.Set), left.Select(static member => member.Key.Name)));
            List<KeyWrite> writes = [.. left.Select(member => new KeyWrite(ByteString.CopyFromUtf8(keys.Member(member.Key)), RecordOf(member), ModRevision: 0))];
            var (_, found) = await new KeyTransactions(store).WriteAsync(writes, _lease.Id, EtcdCall.Options(cancellationToken), entry.Put).ConfigureAwait(false);
            foreach (var (index, member) in left.Index())
            {
                // Those whose keys are there are left out of the next try.
                if (found is null || found[index] is not null)
                {
                    outcomes[member.Key] = OutcomeOf(found?[index], writes[index].Value);
                }
            }
        }

        return outcomes;
    }

    /// <summary>A record under our own lease was written by a try whose answer was lost.</summary>
    private ConfirmationOutcome OutcomeOf(Mvccpb.KeyValue? found, ByteString record) =>
        found is null || (found.Value == record && found.Lease == _lease.Id) ? ConfirmationOutcome.Confirmed
        : found.Value == record ? ConfirmationOutcome.AlreadyConfirmed
        : ConfirmationOutcome.Back;

    private static ByteString RecordOf(Member member) => ByteString.CopyFrom(MemberRecord.Write(new Member(member.Key, member.Uri) { State = MemberState.Down, Reason = Reason }));
}

/// <summary>Who confirms that members are gone.</summary>
/// <param name="By">Who, such as <c>user@host</c>.</param>
/// <param name="Reason">Why, in the operator's words; null where nobody says.</param>
public sealed record ConfirmationRequest(string By, string? Reason);
