using Grpc.Core;
using KamRpcDispatcher.Announce.Idle;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Announce.Calls;

/// <summary>While operators drain members of an announcer, counts the calls of their Asterisk once a second, and writes the count into etcd for those who wait for its end.</summary>
/// <param name="store">The connection.</param>
/// <param name="keys">Where the cluster's records are.</param>
/// <param name="members">The announcer's members with their own records: where somebody else has one of these, that one counts.</param>
/// <param name="asterisk">What all of them are.</param>
/// <param name="maintenance">Has it be in maintenance mode while operators drain all of its members; null where nobody wants that.</param>
/// <param name="isShared">Whether calls go to that server by another name, too, which nobody drains here.</param>
/// <param name="ttl">How long a count outlives an announcer that is killed.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class DrainedCalls(
    EtcdConnection store,
    EtcdKeys keys,
    IReadOnlyList<(MemberKey Key, LeasedRecord Record)> members,
    AsteriskMonitor asterisk,
    MaintenanceSwitch? maintenance,
    Func<CancellationToken, Task<bool>> isShared,
    TimeSpan ttl,
    TimeProvider timeProvider,
    ILogger logger)
{
    /// <summary>From one count to the next, while somebody is drained.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>How often it is read whether somebody is drained, while nobody is.</summary>
    internal static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    /// <summary>A role is not changed every day.</summary>
    internal static readonly TimeSpan RefusedRest = TimeSpan.FromMinutes(1);

    private readonly OwnDrains _drains = new(store, keys);
    private bool _isReadingRefused;
    private bool _isTroubleTold;

    /// <summary>Whether all are drained, and nobody else's calls go there; null where that was not asked yet.</summary>
    private bool? _isAlone;

    /// <summary>Until it was read once nobody knows who is drained: what the program before this one has begun stays.</summary>
    private bool _isRead;

    /// <summary>Runs until it is cancelled; then no count is left in etcd.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        CallCountKeys? told = null;
        try
        {
            while (true)
            {
                // By the second round every proxy has had a second to stop sending calls; they have had that where Asterisk was put into maintenance mode for a drain, by the
                // program before this one say.
                var isSettled = told?.Members.Count == members.Count || maintenance?.IsOurs == true;
                var drained = await ReadDrainedAsync(told?.Members ?? [], cancellationToken).ConfigureAwait(false);
                if (!drained.SequenceEqual(told?.Members ?? []))
                {
                    await EndAsync(told).ConfigureAwait(false);
                    told = Begin(drained);
                }

                await MaintainAsync(isSettled && drained.Count == members.Count, cancellationToken).ConfigureAwait(false);
                if (told is not null)
                {
                    told.Set(await CountAsync(cancellationToken).ConfigureAwait(false));
                    Tell(told);
                }

                await Task.Delay(told is not null ? Interval : _isReadingRefused ? RefusedRest : Rest, timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await EndAsync(told).ConfigureAwait(false);
        }
    }

    private async Task MaintainAsync(bool areAllDrained, CancellationToken cancellationToken)
    {
        if (maintenance is null || !_isRead)
        {
            return;
        }

        // Once for each drain: it is a reading of whole sets.
        _isAlone = areAllDrained ? _isAlone ?? !await isShared(cancellationToken).ConfigureAwait(false) : null;
        await maintenance.SetAsync(MaintenanceCause.Drain, _isAlone == true, cancellationToken).ConfigureAwait(false);
    }

    private static ValueTask EndAsync(CallCountKeys? told) => told?.DisposeAsync() ?? ValueTask.CompletedTask;

    private CallCountKeys? Begin(IReadOnlyList<MemberKey> drained)
    {
        if (drained.Count == 0)
        {
            return null;
        }

        AnnounceLog.CountsCalls(logger, string.Join(", ", drained));
        return new CallCountKeys(store, keys, drained, ttl, timeProvider);
    }

    /// <param name="before">Those that are counted: they stay so while etcd does not answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async Task<IReadOnlyList<MemberKey>> ReadDrainedAsync(IReadOnlyList<MemberKey> before, CancellationToken cancellationToken)
    {
        try
        {
            var drained = await _drains.ReadAsync(members.Where(static member => !member.Record.IsOccupied).Select(static member => member.Key), cancellationToken).ConfigureAwait(false);
            _isReadingRefused = false;
            _isRead = true;
            return drained;
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
        {
            if (!_isReadingRefused)
            {
                _isReadingRefused = true;
                AnnounceLog.DrainsNotRead(logger, keys.Intent(members[0].Key), EtcdFailure.Describe(refused));
            }

            _isRead = true;
            return [];
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
        {
            // Of that the members' lease tells.
            return before;
        }
    }

    private async Task<CallCount> CountAsync(CancellationToken cancellationToken)
    {
        var count = await asterisk.CountAsync(cancellationToken).ConfigureAwait(false);
        return new CallCount(count?.Calls)
        {
            Channels = count?.Channels,
            At = timeProvider.GetUtcNow(),
            Reason = count is null ? AsteriskIdle.NotSaid : null,
        };
    }

    /// <summary>Tells once that counts do not get into etcd, until they do.</summary>
    private void Tell(CallCountKeys told)
    {
        if (told.Trouble is not { } trouble)
        {
            _isTroubleTold &= !told.AreWritten;
        }
        else if (!_isTroubleTold)
        {
            _isTroubleTold = true;
            AnnounceLog.CallsNotTold(logger, trouble);
        }
    }
}
