namespace KamRpcDispatcher.Probe;

public sealed class ProbeHealth(int rise, int fall)
{
    private int _row;

    public ProbeOutcome? Current { get; private set; }

    public bool IsInDoubt => _row > 0;

    public ProbeOutcome? Observe(ProbeOutcome outcome)
    {
        if (Current?.Verdict == outcome.Verdict)
        {
            _row = 0;
            return null;
        }

        _row++;
        if (Current is not null && _row < (outcome.Verdict == ProbeVerdict.Alive ? rise : outcome.Verdict == ProbeVerdict.Dead ? fall : 1))
        {
            return null;
        }

        _row = 0;
        return Current = outcome;
    }
}
