using KamailioRpc;
using KamailioRpc.Commands;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>Tells how it stands with the grace period: in the log once, again after a while where nothing can be done without the operator, and in its state.</summary>
internal sealed class GraceReporter(GraceOptions options, TimeProvider timeProvider, ILogger<ObservedGrace> logger)
{
    /// <summary>Between two lines on processes that do not move.</summary>
    private static readonly TimeSpan Repetition = TimeSpan.FromMinutes(1);

    /// <summary>A wait that an operator wants to know the cause of: usually it is some milliseconds.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(1);

    /// <summary>Longer than any pause between two tries to make a change.</summary>
    private static readonly TimeSpan Staleness = TimeSpan.FromSeconds(10);

    private readonly LogLimit _slow = new(timeProvider);
    private volatile GraceState _state = new("not needed yet");
    private string? _reasons;
    private long? _toldStuck;
    private long _overdueAt;

    /// <summary>Nobody is waited for any more when that was long ago: the change was not needed any more.</summary>
    public GraceState State => _state is { OverdueSince: not null } state && timeProvider.GetElapsedTime(Volatile.Read(ref _overdueAt)) > Staleness
        ? new GraceState(state.Mode)
        : _state;

    /// <summary>Whether the last change's grace period has taken too long, and has not ended.</summary>
    public bool IsOverdue => _state.OverdueSince is not null;

    private string LongGapMode => $"gap of {DurationText.Of(options.LongGap)} under overload";

    /// <summary>Processes can be seen; whether they rest is another question, which an overload has answered if there is one.</summary>
    public void Visible(int count, string view)
    {
        if (_state.Mode != LongGapMode)
        {
            Observed(count, view);
        }
    }

    public void Observed(int count, string view) => Enter($"observed ({view})", () => GraceLog.Observed(logger, count, view));

    public void Fixed(string reasons)
    {
        var areNew = reasons != _reasons;
        _reasons = reasons;
        Enter(FixedGap.ModeOf(options.Gap), () => GraceLog.Fixed(logger, FixedGap.ModeOf(options.Gap), reasons), areNew);
    }

    public void LongGap(IReadOnlyList<KamailioProcess> unseen) => Enter(LongGapMode, () => GraceLog.LongGap(logger, Names(unseen), options.LongGap));

    public void Overdue(IReadOnlyList<KamailioProcess> unseen)
    {
        if (!IsOverdue)
        {
            GraceLog.Overdue(logger, options.Cap, Names(unseen), options.LongGap);
        }

        Volatile.Write(ref _overdueAt, timeProvider.GetTimestamp());
        _state = _state with { OverdueSince = _state.OverdueSince ?? timeProvider.GetUtcNow(), Unseen = Capped(unseen), UnseenCount = unseen.Count };
    }

    public void Stuck(IReadOnlyList<KamailioProcess> stuck, TimeSpan elapsed)
    {
        _state = _state with { Stuck = Capped(stuck) };
        if (_toldStuck is not { } told || timeProvider.GetElapsedTime(told) >= Repetition)
        {
            GraceLog.Stuck(logger, elapsed, Names(stuck));
            _toldStuck = timeProvider.GetTimestamp();
        }
    }

    /// <summary>A grace period has ended.</summary>
    /// <param name="elapsed">Since the change.</param>
    /// <param name="waited">Of that, for how long somebody waited.</param>
    /// <param name="last">Whose rest ended it; null when that was not seen.</param>
    public void Ended(TimeSpan elapsed, TimeSpan waited, KamailioProcess? last)
    {
        if (IsOverdue)
        {
            GraceLog.Recovered(logger, elapsed);
        }
        else if (last is not null && waited >= Long && _slow.Allows())
        {
            GraceLog.Slow(logger, waited, GraceLog.Name(last));
        }

        (_state, _toldStuck) = (new GraceState(_state.Mode), null);
    }

    private void Enter(string mode, Action tell, bool again = false)
    {
        if (_state.Mode != mode || again)
        {
            _state = _state with { Mode = mode };
            tell();
        }
    }

    private static IReadOnlyList<string> Capped(IReadOnlyList<KamailioProcess> processes) => [.. processes.Take(GraceState.MostNames).Select(GraceLog.Name)];

    private static string Names(IReadOnlyList<KamailioProcess> processes) =>
        string.Join(", ", Capped(processes)) + (processes.Count > GraceState.MostNames ? FormattableString.Invariant($" and {processes.Count - GraceState.MostNames} more") : string.Empty);
}
