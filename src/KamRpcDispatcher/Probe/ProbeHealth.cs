namespace KamRpcDispatcher.Probe;

/// <summary>Turns single probes into a state that does not change with every lost packet.</summary>
/// <remarks>
/// The first probe decides at once. After it, <see cref="ProbeVerdict.Leaving"/> counts at once, since the server itself says so;
/// <see cref="ProbeVerdict.Alive"/> counts after <paramref name="rise"/> probes in a row, <see cref="ProbeVerdict.Dead"/> after
/// <paramref name="fall"/>. <see cref="ProbeVerdict.Unknown"/> counts as no probe.
/// </remarks>
/// <param name="rise">At least 1.</param>
/// <param name="fall">At least 1.</param>
public sealed class ProbeHealth(int rise, int fall)
{
    private readonly int _rise = AtLeastOne(rise, nameof(rise));
    private readonly int _fall = AtLeastOne(fall, nameof(fall));
    private ProbeVerdict _other;
    private int _inARow;

    /// <summary>The probe that brought the state in force; null before the first one.</summary>
    public ProbeOutcome? Current { get; private set; }

    /// <summary>Whether the last probe differs from the state in force, and does not count yet: it is worth probing again at once.</summary>
    public bool IsInDoubt => _inARow > 0;

    /// <summary>Goes on with the state that the program before this one has found.</summary>
    internal void Resume(ProbeOutcome current) => Current = current;

    /// <summary>Takes one probe into account.</summary>
    /// <returns>The new state when it changes, otherwise null. Another reason for the same verdict is no change.</returns>
    public ProbeOutcome? Observe(ProbeOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        if (outcome.Verdict == ProbeVerdict.Unknown)
        {
            return null;
        }

        if (outcome.Verdict == Current?.Verdict)
        {
            _inARow = 0;
            return null;
        }

        _inARow = outcome.Verdict == _other ? _inARow + 1 : 1;
        _other = outcome.Verdict;
        if (Current is not null && _inARow < Needed(outcome.Verdict))
        {
            return null;
        }

        _inARow = 0;
        return Current = outcome;
    }

    private int Needed(ProbeVerdict verdict) => verdict switch
    {
        ProbeVerdict.Alive => _rise,
        ProbeVerdict.Dead => _fall,
        _ => 1,
    };

    private static int AtLeastOne(int count, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, name);
        return count;
    }
}
