using KamailioRpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>
/// The grace period of RCU, seen from outside: it ends when every process of Kamailio that can read the table has been seen at rest since
/// the swap. Where the processes cannot be seen, a fixed gap; where one never rests under an overload, a long gap, if it has moved.
/// </summary>
/// <param name="survey">Who the processes are, and how they are seen.</param>
/// <param name="movement">Reads how much a process has done.</param>
/// <param name="options">How long to wait.</param>
/// <param name="figures">Takes the lengths.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ObservedGrace(
    ProcessSurvey survey,
    IProcessMovement movement,
    GraceOptions options,
    GraceFigures figures,
    TimeProvider timeProvider,
    ILogger<ObservedGrace> logger) : IGracePeriod, IDisposable
{
    /// <summary>Between two looks at processes that were busy: no busy loop.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(1);

    /// <summary>Looks before the first such pause: most work on a request is shorter than the shortest pause that there is.</summary>
    private const int QuickLooks = 5;

    /// <summary>Whoever has not rested by then is busy for longer than usual: how much it does from here on may be needed.</summary>
    private static readonly TimeSpan UsualLength = TimeSpan.FromMilliseconds(100);

    /// <summary>Between two readings of how much processes have done, and two reports.</summary>
    private static readonly TimeSpan BetweenReadings = TimeSpan.FromMilliseconds(200);

    /// <summary>One at a time looks at the processes; <see cref="Begin"/> does not wait for it.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    private readonly GraceReporter _reporter = new(options, timeProvider, logger);

    /// <summary>The last change's; null when its end was seen. Replaced by a later change at any time, also in the middle of a wait.</summary>
    private RunningPeriod? _period;

    /// <summary>Since when nothing was proved although somebody waits; over all changes, so that one who keeps on reloading hides nothing.</summary>
    private long? _unprovedSince;
    private long _readAt;

    private enum Ending
    {
        None,
        Rest,
        Gap,
        LongGap,
    }

    public string Mode => State.Mode;

    public GraceState State => _reporter.State;

    public void Begin() => Volatile.Write(ref _period, new RunningPeriod(timeProvider.GetTimestamp()));

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Perhaps a new life, with ids that were others' in the last one: nobody has been seen in it.
            var period = Volatile.Read(ref _period);
            period?.Forget(timeProvider.GetTimestamp());
            survey.Trust();
            await AskAsync(period, cancellationToken).ConfigureAwait(false);

            // Once for what a view finds out at its first look.
            foreach (var process in survey.View is null ? [] : survey.Processes)
            {
                survey.View!.Look(process);
            }
        }
        catch (KamailioRpcException)
        {
            survey.Doubt();
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _period) is null)
        {
            return true;
        }

        var begun = timeProvider.GetTimestamp();
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await WaitInTurnAsync(begun, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<bool> WaitInTurnAsync(long begun, CancellationToken cancellationToken)
    {
        for (var look = 1; Volatile.Read(ref _period) is { } period; look++)
        {
            period.FirstWait ??= timeProvider.GetTimestamp();
            _unprovedSince ??= period.FirstWait;
            await EnsureSurveyAsync(period, cancellationToken).ConfigureAwait(false);
            var ending = survey.View is { } view ? Look(period, view) : Elapsed(period.GapBegun) >= options.Gap ? Ending.Gap : Ending.None;
            if (ending != Ending.None)
            {
                End(period, ending);
            }
            else if (survey.View is null)
            {
                var pause = TimeSpan.FromTicks(Math.Min((options.Gap - Elapsed(period.GapBegun)).Ticks, survey.UntilDue.Ticks));
                await Task.Delay(pause > BetweenLooks ? pause : BetweenLooks, timeProvider, cancellationToken).ConfigureAwait(false);
            }
            else if (Elapsed(begun) >= options.Cap)
            {
                figures.TimedOut();
                return false;
            }
            else if (look < QuickLooks)
            {
                await Task.Yield();
            }
            else
            {
                await Task.Delay(BetweenLooks, timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }

        return true;
    }

    /// <summary>Looks at those not seen at rest yet.</summary>
    private Ending Look(RunningPeriod period, IProcessView view)
    {
        var watched = period.Watch(survey.Processes, timeProvider.GetTimestamp());
        var isGone = false;
        watched.Unseen.RemoveAll(process =>
        {
            var sight = view.Look(process);
            isGone |= sight == Sight.Gone;
            if (sight is Sight.Gone or Sight.Hidden)
            {
                survey.Doubt();
            }

            return sight == Sight.AtRest;
        });
        if (isGone)
        {
            // Another Kamailio may be there by now, and may have made the change: its processes are to be seen, all of them.
            period.Forget(timeProvider.GetTimestamp());
            return Ending.None;
        }

        return watched.Unseen.Count == 0 ? Ending.Rest : Overdue(period, watched);
    }

    /// <summary>What is to be done about those who do not rest.</summary>
    private Ending Overdue(RunningPeriod period, WatchedProcesses watched)
    {
        if (Elapsed(watched.Since) < UsualLength && Elapsed(watched.Since) < options.Cap)
        {
            return Ending.None;
        }

        watched.Movement ??= new MovementSince(watched.Unseen, movement, timeProvider);
        if (Elapsed(_unprovedSince!.Value) < options.Cap || Elapsed(_readAt) < BetweenReadings)
        {
            return Ending.None;
        }

        _readAt = timeProvider.GetTimestamp();
        _reporter.Overdue(watched.Unseen);
        if (Elapsed(period.Begun) < options.LongGap || Elapsed(watched.Since) < options.WaitsBeforeLongGap * options.Cap)
        {
            return Ending.None;
        }

        var stuck = watched.Unseen.Where(process => !watched.Movement.HasMoved(process)).ToList();
        if (stuck.Count == 0)
        {
            return Ending.LongGap;
        }

        _reporter.Stuck(stuck, Elapsed(period.Begun));
        return Ending.None;
    }

    /// <summary>The end of this period; of the last change's only if there was no other since.</summary>
    private void End(RunningPeriod period, Ending ending)
    {
        if (Interlocked.CompareExchange(ref _period, null, period) != period)
        {
            return;
        }

        switch (ending)
        {
            case Ending.Rest:
                survey.Trust();
                _reporter.Observed(survey.Processes.Count, survey.View!.Name);
                break;
            case Ending.LongGap:
                figures.LongGap();
                _reporter.LongGap(period.Watched!.Unseen);
                break;
            default:
                _reporter.Fixed(survey.Reasons);
                break;
        }

        figures.Ended(Elapsed(period.FirstWait!.Value));
        _reporter.Ended(Elapsed(period.Begun));
        _unprovedSince = null;
    }

    private async Task EnsureSurveyAsync(RunningPeriod period, CancellationToken cancellationToken)
    {
        var isOverdue = State.OverdueSince is not null;
        if (!survey.IsDue(!period.HasAsked, isOverdue))
        {
            return;
        }

        try
        {
            await AskAsync(period, cancellationToken).ConfigureAwait(false);
        }
        catch (KamailioRpcException) when (isOverdue && period.Watched is not null)
        {
            // Asked to be sure only: whether it is gone is seen at its processes.
            survey.Postpone();
        }
    }

    private async Task AskAsync(RunningPeriod? period, CancellationToken cancellationToken)
    {
        var areOthers = await survey.AskAsync(cancellationToken).ConfigureAwait(false);
        if (period is not null)
        {
            period.HasAsked = true;
            if (areOthers || survey.View is null)
            {
                period.Forget(timeProvider.GetTimestamp());
            }
        }

        if (survey.View is { } view)
        {
            _reporter.Visible(survey.Processes.Count, view.Name);
        }
    }

    private TimeSpan Elapsed(long since) => timeProvider.GetElapsedTime(since);
}
