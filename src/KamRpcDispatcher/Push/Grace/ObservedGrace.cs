using KamailioRpc.Commands;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>
/// The grace period of RCU, seen from outside: it ends when every process of Kamailio that can read the table has been seen at rest since
/// the swap. Where the processes cannot be seen, a fixed gap.
/// </summary>
/// <param name="listProcesses">Asks Kamailio for its processes.</param>
/// <param name="identify">Says why these are not Kamailio's processes here, null when they are.</param>
/// <param name="views">The ways to look at them, the best first.</param>
/// <param name="fallback">For when none of them sees anything.</param>
/// <param name="cap">The longest wait for the end, after which the change is left for later.</param>
/// <param name="figures">Takes the lengths.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ObservedGrace(
    Func<CancellationToken, Task<IReadOnlyList<KamailioProcess>>> listProcesses,
    Func<IReadOnlyList<KamailioProcess>, string?> identify,
    IReadOnlyList<IProcessView> views,
    FixedGap fallback,
    TimeSpan cap,
    GraceFigures figures,
    TimeProvider timeProvider,
    ILogger<ObservedGrace> logger) : IGracePeriod
{
    /// <summary>Between two looks at processes that were busy: no busy loop.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(1);

    /// <summary>Looks before the first such pause: most work on a request is shorter than the shortest pause that there is.</summary>
    private const int QuickLooks = 5;

    /// <summary>Between two questions to a Kamailio that is still starting its processes.</summary>
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromMilliseconds(10);

    private IReadOnlyList<KamailioProcess> _known = [];
    private IProcessView? _view;
    private List<KamailioProcess>? _unseen;
    private bool _isRunning;
    private bool _isOverdue;
    private long? _waitingSince;
    private string? _mode;

    public string Mode => _mode ?? "not needed yet";

    public void Begin()
    {
        _isRunning = true;
        _isOverdue = false;
        _unseen = null;
        _waitingSince = null;
        fallback.Begin();
    }

    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        if (!_isRunning)
        {
            return true;
        }

        _waitingSince ??= timeProvider.GetTimestamp();
        _unseen ??= await ReadersAsync(cancellationToken).ConfigureAwait(false);
        if (_view is null)
        {
            await fallback.WaitAsync(cancellationToken).ConfigureAwait(false);
            return End();
        }

        var begun = timeProvider.GetTimestamp();
        for (var look = 1; ; look++)
        {
            if (await LookAsync(_view, _unseen, cancellationToken).ConfigureAwait(false))
            {
                return End();
            }

            if (timeProvider.GetElapsedTime(begun) >= cap)
            {
                Overdue(_unseen);
                return false;
            }

            if (look < QuickLooks)
            {
                await Task.Yield();
            }
            else
            {
                await Task.Delay(BetweenLooks, timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Looks at those not seen at rest yet; true when there are none any more.</summary>
    private async Task<bool> LookAsync(IProcessView view, List<KamailioProcess> unseen, CancellationToken cancellationToken)
    {
        var isGone = false;
        unseen.RemoveAll(process =>
        {
            var sight = view.Look(process);
            isGone |= sight == Sight.Gone;
            return sight is Sight.AtRest or Sight.Gone;
        });
        if (isGone)
        {
            // Another Kamailio may be there by now, and may have made the change: its processes are to be seen, all of them.
            _known = [];
            _unseen = await ReadersAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }

        return unseen.Count == 0;
    }

    private bool End()
    {
        figures.Ended(timeProvider.GetElapsedTime(_waitingSince!.Value));
        _isRunning = false;
        return true;
    }

    private void Overdue(List<KamailioProcess> busy)
    {
        figures.TimedOut();
        if (!_isOverdue)
        {
            GraceLog.Overdue(logger, cap, string.Join(", ", busy.Select(static process => $"{process.Description} (PID {process.Pid})")));
            _isOverdue = true;
        }
    }

    /// <summary>
    /// Asked once a Kamailio: it starts all its processes when it starts, and ends when one of them does. While it still starts some,
    /// asked each time: those that are not there yet have not read anything yet.
    /// </summary>
    private async Task<List<KamailioProcess>> ReadersAsync(CancellationToken cancellationToken)
    {
        if (_known.Any(static process => process.IsMainOfAll))
        {
            return [.. _known];
        }

        var begun = timeProvider.GetTimestamp();
        while (true)
        {
            _known = await listProcesses(cancellationToken).ConfigureAwait(false);
            _view = Choose(_known, out var reasons);

            // A process that Kamailio is just starting may be listed before it can be seen: no reason yet to wait for a whole gap.
            if (_view is not null || _known.Any(static process => process.IsMainOfAll) || timeProvider.GetElapsedTime(begun) >= fallback.Length)
            {
                Tell(reasons);
                return [.. _known];
            }

            await Task.Delay(BetweenQuestions, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The first view that sees these processes; else null, and why each of them does not.</summary>
    private IProcessView? Choose(IReadOnlyList<KamailioProcess> processes, out List<string> reasons)
    {
        reasons = [];
        if (identify(processes) is { } stranger)
        {
            reasons.Add(stranger);
            return null;
        }

        foreach (var view in views)
        {
            if (view.Check(processes) is not { } reason)
            {
                return view;
            }

            reasons.Add(reason);
        }

        return null;
    }

    private void Tell(List<string> reasons)
    {
        var mode = _view is null ? fallback.Mode : $"observed ({_view.Name})";
        if (mode == _mode)
        {
            return;
        }

        _mode = mode;
        if (_view is null)
        {
            GraceLog.Fixed(logger, fallback.Mode, string.Join("; ", reasons));
        }
        else
        {
            GraceLog.Observed(logger, _known.Count, _view.Name);
        }
    }
}
