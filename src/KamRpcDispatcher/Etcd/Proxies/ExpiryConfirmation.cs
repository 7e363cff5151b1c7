using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Sources.Records;

using Member = KamRpcDispatcher.Destinations.Member;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>Says for expired members that dispatchers hold back that they are gone, by a record that says <c>down</c> and ends by itself.</summary>
/// <remarks>
/// A member that was <c>down</c> does not count as expired, so nothing is left when the lease ends. A server that comes back before
/// takes its key over, as after a crash.
/// </remarks>
public sealed class ExpiryConfirmation(EtcdConnection store, EtcdKeys keys)
{
    /// <summary>The reason in the record.</summary>
    public const string Reason = "confirmed gone";

    /// <summary>How long the record stays: long enough for every dispatcher to see it, one that lost etcd for a moment too.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(60);

    private readonly EtcdLease _lease = new(store, Ttl, TimeProvider.System);

    /// <summary>Writes the member's record, if its key is absent.</summary>
    /// <exception cref="EtcdUnreachableException">No answer; it may have been written, and confirming again does no harm.</exception>
    public Task<ConfirmationOutcome> ConfirmAsync(Member member, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(member);
        return EtcdUnreachableException.GuardAsync(store, () => WriteAsync(member, cancellationToken), cancellationToken);
    }

    private async Task<ConfirmationOutcome> WriteAsync(Member member, CancellationToken cancellationToken)
    {
        await _lease.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var record = ByteString.CopyFrom(MemberRecord.Write(new Member(member.Key, member.Uri) { State = MemberState.Down, Reason = Reason }));
        var write = new KeyWrite(ByteString.CopyFromUtf8(keys.Member(member.Key)), record, ModRevision: 0);
        var (_, found) = await new KeyTransactions(store).WriteAsync([write], _lease.Id, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
        return found is null ? ConfirmationOutcome.Confirmed
            : record.Equals(found[0]?.Value) ? ConfirmationOutcome.AlreadyConfirmed
            : ConfirmationOutcome.Back;
    }
}
