using KamailioRpc.Errors;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>
/// The grace period of RCU, seen from outside: it ends when every process of Kamailio that can read the table has been seen at rest since
/// the swap. Where the processes cannot be seen, a fixed gap; where one never rests under an overload, a long gap, if it has moved.
/// </summary>
internal sealed class ObservedGrace : IGracePeriod, IDisposable
{
    /// <summary>Between two polls of processes that were busy: no busy loop.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);

    /// <summary>Polls before the first such pause: most work on a request is shorter than the shortest pause that there is.</summary>
    private const int QuickPolls = 5;

    /// <summary>One at a time polls the processes; <see cref="Begin"/> does not wait for it.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    private readonly ProcessSurvey _survey;
    private readonly GraceOptions _options;
    private readonly GraceFigures _figures;
    private readonly TimeProvider _timeProvider;
    private readonly GraceReporter _reporter;
    private readonly OverloadJudge _overload;

    /// <summary>The last change's; null when its end was seen. Replaced by a later change at any time, also in the middle of a wait.</summary>
    private RunningPeriod? _period;

    /// <param name="survey">Who the processes are, and how they are seen.</param>
    /// <param name="movement">Reads how much a process has done.</param>
    /// <param name="options">How long to wait.</param>
    /// <param name="figures">Takes the lengths.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public ObservedGrace(
        ProcessSurvey survey, IProcessMovement movement, GraceOptions options, GraceFigures figures, TimeProvider timeProvider, ILogger<ObservedGrace> logger)
    {
        (_survey, _options, _figures, _timeProvider) = (survey, options, figures, timeProvider);
        _reporter = new GraceReporter(options, timeProvider, logger);
        _overload = new OverloadJudge(movement, options, _reporter, timeProvider);
    }

    private enum Ending
    {
        None,
        Rest,
        Gap,
        LongGap,
    }

    public string Mode => State.Mode;

    public GraceState State => _reporter.State;

    public void Begin() => Volatile.Write(ref _period, new RunningPeriod(_timeProvider.GetTimestamp()));

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Perhaps a new life, with ids that were others' in the last one: nobody has been seen in it.
            var period = Volatile.Read(ref _period);
            period?.Forget(_timeProvider.GetTimestamp());
            _survey.Trust();
            await AskAsync(period, cancellationToken).ConfigureAwait(false);

            // Once for what a view finds out at its first reading.
            foreach (var process in _survey.View is null ? [] : _survey.Processes)
            {
                _survey.View!.ActivityOf(process);
            }
        }
        catch (KamailioRpcException)
        {
            _survey.Doubt();
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

        var begun = _timeProvider.GetTimestamp();
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
        for (var poll = 1; Volatile.Read(ref _period) is { } period; poll++)
        {
            period.FirstWait ??= _timeProvider.GetTimestamp();
            await EnsureSurveyAsync(period, cancellationToken).ConfigureAwait(false);
            var ending = _survey.View is { } view ? Poll(period, view) : Left(period) <= TimeSpan.Zero ? Ending.Gap : Ending.None;
            if (ending != Ending.None)
            {
                End(period, ending);
            }
            else if (_survey.View is null)
            {
                var pause = TimeSpan.FromTicks(Math.Min(Left(period).Ticks, _survey.UntilDue.Ticks));
                await Task.Delay(pause > PollInterval ? pause : PollInterval, _timeProvider, cancellationToken).ConfigureAwait(false);
            }
            else if (Elapsed(begun) >= _options.Cap)
            {
                _figures.TimedOut();
                if (period.Watched is { } watched)
                {
                    _reporter.Overdue(watched.Unseen);
                }

                return false;
            }
            else if (poll < QuickPolls)
            {
                await Task.Yield();
            }
            else
            {
                await Task.Delay(PollInterval, _timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }

        return true;
    }

    /// <summary>Of the fixed gap. Processes that could be seen, did not rest and can be seen no more are owed the long one.</summary>
    private TimeSpan Left(RunningPeriod period) => (_reporter.IsOverdue ? _options.LongGap : _options.Gap) - Elapsed(period.GapBegun);

    /// <summary>Polls those not seen at rest yet.</summary>
    private Ending Poll(RunningPeriod period, IProcessView view)
    {
        var watched = period.Watch(_survey.Processes);
        var isGone = false;
        watched.Unseen.RemoveAll(process =>
        {
            var activity = view.ActivityOf(process);
            isGone |= activity == ProcessActivity.Gone;
            if (activity is ProcessActivity.Gone or ProcessActivity.Hidden)
            {
                _survey.Doubt();
            }

            watched.Last = activity == ProcessActivity.AtRest ? process : watched.Last;
            return activity == ProcessActivity.AtRest;
        });
        if (isGone)
        {
            // Another Kamailio may be there by now, and may have made the change: its processes are to be seen, all of them.
            period.Forget(_timeProvider.GetTimestamp());
            return Ending.None;
        }

        return watched.Unseen.Count == 0 ? Ending.Rest : _overload.MayEnd(period, watched) ? Ending.LongGap : Ending.None;
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
                _survey.Trust();
                _reporter.Observed(_survey.Processes.Count, _survey.View!.Name);
                break;
            case Ending.LongGap:
                _figures.LongGap();
                _reporter.LongGap(period.Watched!.Unseen);
                break;
            default:
                _reporter.Fixed(_survey.Reasons);
                break;
        }

        _figures.Ended(Elapsed(period.FirstWait!.Value));
        _reporter.Ended(Elapsed(period.Begun), Elapsed(period.FirstWait!.Value), period.Watched?.Last);
        _overload.Over();
    }

    private async Task EnsureSurveyAsync(RunningPeriod period, CancellationToken cancellationToken)
    {
        var isOverdue = _reporter.IsOverdue;
        if (!_survey.IsDue(!period.HasAsked, isOverdue))
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
            _survey.Postpone();
        }
    }

    private async Task AskAsync(RunningPeriod? period, CancellationToken cancellationToken)
    {
        var areOthers = await _survey.AskAsync(cancellationToken).ConfigureAwait(false);
        if (period is not null)
        {
            period.HasAsked = true;
            if (areOthers || _survey.View is null)
            {
                period.Forget(_timeProvider.GetTimestamp());
            }
        }

        if (_survey.View is { } view)
        {
            _reporter.Visible(_survey.Processes.Count, view.Name);
        }
    }

    private TimeSpan Elapsed(long since) => _timeProvider.GetElapsedTime(since);
}
