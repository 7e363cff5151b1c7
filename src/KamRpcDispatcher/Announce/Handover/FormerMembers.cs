using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;
using Member = KamRpcDispatcher.Destinations.Member;

namespace KamRpcDispatcher.Announce.Handover;

/// <summary>
/// Members that the program before this one announced, and that are not among this one's: they leave in order, once what is announced in their place is in etcd. Until then they are as they were.
/// </summary>
/// <param name="store">The connection.</param>
/// <param name="keeper">Holds the lease that they are under, too.</param>
/// <param name="keys">Where the records of the cluster are to which they belong.</param>
/// <param name="former">Their keys.</param>
/// <param name="patience">How long the proxies may take to say that they send no more calls, and so the others to be announced.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class FormerMembers(EtcdConnection store, LeaseKeeper keeper, EtcdKeys keys, IReadOnlyList<HeldKey> former, TimeSpan patience, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>The reason in the record.</summary>
    private const string Reason = "its announcer goes on without it";

    private static readonly TimeSpan AcknowledgementInterval = TimeSpan.FromMilliseconds(100);

    private readonly KeyTransactions _transactions = new(store);
    private volatile bool _haveLeft;

    /// <summary>Those that have not left yet: whoever takes this program's place has them leave.</summary>
    public IReadOnlyList<HeldKey> Left => _haveLeft ? [] : former;

    /// <summary>Returns when they have left.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (former.Count == 0)
        {
            return;
        }

        AnnounceLog.Former(logger, LeasedRecords.Name(former[0].Name, former.Count));
        await keeper.AnnouncedAsync(cancellationToken).WaitAsync(patience, timeProvider, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await LeaveAsync(cancellationToken).ConfigureAwait(false);
                _haveLeft = true;
                AnnounceLog.FormerWithdrawn(logger, LeasedRecords.Name(former[0].Name, former.Count));
                return;
            }
            catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
            {
                // Of an outage the keeper tells. Without their lease they are gone.
                await Task.Delay(EtcdCall.RetryPause, timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task LeaveAsync(CancellationToken cancellationToken)
    {
        var revision = 0L;
        foreach (var batch in former.Chunk(KeyTransactions.MostKeys))
        {
            var drained = batch.Select(key => (Key: ByteString.CopyFromUtf8(key.Name), Value: Written(key, MemberState.Draining, Reason))).Where(static key => key.Value is not null).ToDictionary(static key => key.Key, static key => key.Value!);
            revision = Math.Max(revision, await _transactions.PutUnderAsync(keeper.Handover.Leases, drained, EtcdCall.Options(cancellationToken)).ConfigureAwait(false));
        }

        await AwaitProxiesAsync(revision, cancellationToken).ConfigureAwait(false);
        foreach (var batch in former.Chunk(KeyTransactions.MostKeys))
        {
            await _transactions.DeleteUnderAsync(
                keeper.Handover.Leases,
                batch.ToDictionary(static key => ByteString.CopyFromUtf8(key.Name), key => Written(key, MemberState.Down, MemberRecord.WithdrawnReason)),
                static _ => { },
                () => Task.FromResult(EtcdCall.Options(cancellationToken))).ConfigureAwait(false);
        }
    }

    private async Task AwaitProxiesAsync(long revision, CancellationToken cancellationToken)
    {
        var acknowledgements = new Acknowledgements(store, keys, timeProvider);
        int[] sets = [.. former.Select(key => keys.TryParseMember(key.Name, out var member, out _) ? member.Set : (int?)null).OfType<int>().Distinct()];
        var begun = timeProvider.GetTimestamp();
        while (timeProvider.GetElapsedTime(begun) < patience)
        {
            var said = await acknowledgements.ReadAsync(revision, sets, cancellationToken).ConfigureAwait(false);
            if (said.Missing.Count == 0)
            {
                return;
            }

            await Task.Delay(AcknowledgementInterval, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The record with another state; null where it cannot be read.</summary>
    private ByteString? Written(HeldKey key, MemberState state, string reason) =>
        keys.TryParseMember(key.Name, out var member, out _) && MemberRecord.TryRead(member, key.Value.Memory, out Member? found, out _)
            ? ByteString.CopyFrom(MemberRecord.Write(found with { State = state, Reason = reason, Since = timeProvider.GetUtcNow() }))
            : null;
}
