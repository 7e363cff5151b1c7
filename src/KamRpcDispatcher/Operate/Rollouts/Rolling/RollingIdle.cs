using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Operate.Rollouts.Running;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>Waits until those who are drained have no calls; what is not known is never taken for none.</summary>
internal sealed class RollingIdle(RolloutApplied applied, RolloutPatience patience, TimeProvider timeProvider)
{
    /// <summary>Announcers begin to count when they see the drain.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>Numbers change all the time.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(10);

    /// <summary>Returns null when their commands may be run, else why not, a sentence that is safe to print.</summary>
    /// <param name="members">Whom every proxy has drained.</param>
    /// <param name="drainTime">How long those are left of whom nobody knows; null where they are not restarted then.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string?> WaitAsync(IReadOnlyCollection<MemberKey> members, TimeSpan? drainTime, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        string? verdict = null;
        long? told = null;
        if (await OpenAsync(members, drainTime, cancellationToken).ConfigureAwait(false) is not { } wait)
        {
            return null;
        }

        await using (wait.ConfigureAwait(false))
        {
            try
            {
                await wait.UntilIdleAsync(members, See, over.Token).ConfigureAwait(false);
                return null;
            }
            catch (OperationCanceledException) when (verdict is not null && !cancellationToken.IsCancellationRequested)
            {
                return verdict.Length == 0 ? null : verdict;
            }
        }

        void See(IdleState state)
        {
            var waited = timeProvider.GetElapsedTime(begun);
            List<IdleMember> busy = [.. state.Members.Where(static member => !member.IsIdle)];
            if (busy.Count == 0 || over.IsCancellationRequested)
            {
                return;
            }

            if (drainTime is { } time && state.Outage is null && busy.TrueForAll(MayBeLeft) && waited >= time)
            {
                patience.TellOnce($"goes on after {DurationText.Of(time)}, though nobody knows the calls of {Names(busy)}");
                End(string.Empty);
            }
            else if (drainTime is null && state.Outage is null && waited >= Grace && busy.Find(static member => member.Unknown is not null) is { } unknown)
            {
                End(FormattableString.Invariant($"nobody knows whether calls are up on {unknown.Key.Name} ({unknown.Unknown}), and that is not taken for none: 'kamrpc rollout resume {unknown.Key.Set} --drain-time 60s' goes on so long after it is drained everywhere; calls are counted by an announcer with --ami, or by Kamailio with KAMRPC_DIALOGS"));
            }
            else if (waited >= applied.Timeout)
            {
                End($"not idle within {DurationText.Of(applied.Timeout)}: {Names(busy)}");
            }
            else if (told is null || timeProvider.GetElapsedTime(told.Value) >= Pace)
            {
                told = timeProvider.GetTimestamp();
                patience.TellOnce($"waits for calls: {Names(busy)}{(state.Outage is { } outage ? $"; etcd ({outage})" : string.Empty)}");
            }
        }

        void End(string text)
        {
            verdict = text;
            over.Cancel();
        }
    }

    /// <summary>Null where the counts may not be read, and the time is over that is given for those whose calls nobody knows.</summary>
    private async Task<IdleWait?> OpenAsync(IReadOnlyCollection<MemberKey> members, TimeSpan? drainTime, CancellationToken cancellationToken)
    {
        try
        {
            return await patience.TryAsync(() => applied.OpenIdleAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdUnreachableException refused) when (drainTime is not null && EtcdFailure.IsRefusal(refused.InnerException))
        {
            patience.TellOnce($"leaves {RollingText.NamesOf([.. members.Select(static member => member.Name)])} drained for {DurationText.Of(drainTime.Value)}: etcd does not let the counts of calls be read");
            await Task.Delay(drainTime.Value, timeProvider, cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>Where calls were up when somebody knew it last, time does not show that they have ended.</summary>
    private static bool MayBeLeft(IdleMember member) => member.Unknown is not null && member.Count?.IsIdle is not false;

    private static string Names(IReadOnlyList<IdleMember> members) => RollingText.NamesOf([.. members.Select(static member => $"{member.Key.Name} ({(member.Unknown is { } unknown ? $"unknown: {unknown}" : member.Count?.ToString())})")]);
}
