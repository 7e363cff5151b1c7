using KamailioRpc.Commands;
using KamRpcDispatcher.Processes.Views;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>Who Kamailio's processes are, and how they can be seen. Nothing that it finds is for life: it tells when to ask again.</summary>
/// <param name="listProcesses">Asks Kamailio for its processes.</param>
/// <param name="identify">Says why these are not Kamailio's processes here, null when they are.</param>
/// <param name="views">The ways to read them, the best first.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ProcessSurvey(
    Func<CancellationToken, Task<IReadOnlyList<KamailioProcess>>> listProcesses,
    Func<IReadOnlyList<KamailioProcess>, string?> identify,
    IReadOnlyList<IProcessView> views,
    TimeProvider timeProvider)
{
    /// <summary>Between two questions to a Kamailio that is just starting or ending processes; then twice as long each time.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(10);

    /// <summary>Between two questions while things are not as they should be, however long that lasts.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private long _askedAt;
    private TimeSpan _pause = ShortestPause;
    private bool _isKnown;
    private bool _isDoubtful;

    public IReadOnlyList<KamailioProcess> Processes { get; private set; } = [];

    /// <summary>Null when none sees them.</summary>
    public IProcessView? View { get; private set; }

    /// <summary>Why no view sees them.</summary>
    public string Reasons { get; private set; } = string.Empty;

    /// <summary>How long the next question has time.</summary>
    public TimeSpan UntilDue => _isKnown && _pause - SinceAsked is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private TimeSpan SinceAsked => timeProvider.GetElapsedTime(_askedAt);

    /// <summary>What was seen does not fit: another Kamailio may be there, or this one is ending.</summary>
    public void Doubt() => _isDoubtful = true;

    /// <summary>Everything was as it should be.</summary>
    public void Trust() => _pause = ShortestPause;

    /// <summary>Not answered, and not important enough to ask again at once.</summary>
    public void Postpone() => _askedAt = timeProvider.GetTimestamp();

    /// <param name="isNewPeriod">Whether it has not been asked in this grace period yet.</param>
    /// <param name="isOverdue">Whether the grace period takes too long.</param>
    public bool IsDue(bool isNewPeriod, bool isOverdue)
    {
        // A Kamailio starts all its processes when it starts, and ends when one of them does. While it still starts some it is asked each
        // time: those that are not there yet have not read anything yet.
        return !_isKnown
            || (isNewPeriod && !Processes.Any(static process => process.IsMainOfAll))
            || ((_isDoubtful || View is null) && SinceAsked >= _pause)
            || ((isOverdue || View is null || View != views[0]) && SinceAsked >= LongestPause);
    }

    /// <summary>Asks; answers whether the processes are others than before.</summary>
    /// <exception cref="KamailioRpc.Errors.KamailioRpcException">Kamailio does not answer.</exception>
    public async Task<bool> AskAsync(CancellationToken cancellationToken)
    {
        var processes = await listProcesses(cancellationToken).ConfigureAwait(false);
        var areOthers = !processes.Select(Identity).SequenceEqual(Processes.Select(Identity));
        Processes = processes;
        View = Choose(out var reasons);
        Reasons = reasons;
        _askedAt = timeProvider.GetTimestamp();
        _pause = areOthers ? ShortestPause : TimeSpan.FromTicks(Math.Min(2 * _pause.Ticks, LongestPause.Ticks));
        (_isKnown, _isDoubtful) = (true, false);
        return areOthers;
    }

    private static (int Pid, string Description) Identity(KamailioProcess process) => (process.Pid, process.Description);

    /// <summary>The first view that sees these processes; else null, and why each of them does not.</summary>
    private IProcessView? Choose(out string reasons)
    {
        reasons = string.Empty;
        if (Processes.Count == 0)
        {
            reasons = "core.psx lists no process";
            return null;
        }

        if (identify(Processes) is { } stranger)
        {
            reasons = stranger;
            return null;
        }

        foreach (var view in views)
        {
            if (view.Check(Processes) is not { } reason)
            {
                return view;
            }

            reasons += reasons.Length == 0 ? reason : "; " + reason;
        }

        return null;
    }
}
