namespace KamRpcDispatcher.Claim;

/// <summary>From when to when a daemon may go by what it last read of its mark: the arithmetic of <see cref="ClaimTimes"/>.</summary>
internal sealed class ClaimTerm(TimeProvider timeProvider)
{
    private long _validUntil = long.MinValue;
    private long _settledAt = long.MinValue;
    private long _turnedAt;

    /// <summary>Whether the claim was held when the mark was last read, or the table was found empty since.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Whether structural changes may be made without asking; from any thread.</summary>
    public bool IsValid => timeProvider.GetTimestamp() < Interlocked.Read(ref _validUntil);

    /// <summary>Until nobody's writing can come over the own mark unseen any more.</summary>
    public TimeSpan UntilSettled => timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), _settledAt);

    /// <summary>Whether a reading that was asked for then proves that the own mark stays.</summary>
    public bool IsSettled(long asked) => asked >= _settledAt;

    /// <summary>Nothing may be changed without asking again.</summary>
    public void End() => Interlocked.Exchange(ref _validUntil, long.MinValue);

    /// <summary>Another daemon's mark is there.</summary>
    public void Lose() => IsHeld = false;

    /// <summary>The loop came round: this daemon is not stopped.</summary>
    public void Turn() => _turnedAt = timeProvider.GetTimestamp();

    /// <summary>The mark is about to be written. Should no answer come, it may have been, or be a little later.</summary>
    public void Write() => _settledAt = After(ClaimTimes.LateWait);

    /// <summary>The mark was written; true when that is enough, since no other daemon waits for the restart of a Kamailio that this one serves.</summary>
    /// <param name="asked">When the reading began that the writing rests on.</param>
    /// <param name="wasFree">Whether no mark was there.</param>
    public bool Written(long asked, bool wasFree)
    {
        var isPrompt = timeProvider.GetElapsedTime(asked) <= ClaimTimes.Prompt;
        IsHeld = IsHeld && isPrompt && wasFree && timeProvider.GetElapsedTime(_turnedAt) < ClaimTimes.LongestPause;
        _settledAt = After(IsHeld ? ClaimTimes.FirstValidity : isPrompt ? ClaimTimes.NewcomerWait : ClaimTimes.LateWait);
        if (IsHeld)
        {
            Interlocked.Exchange(ref _validUntil, _settledAt);
        }

        return IsHeld;
    }

    /// <summary>The own mark was read, asked for then, and stays; true when the claim was not held before.</summary>
    /// <param name="asked">When it was asked for.</param>
    /// <param name="validity">How long that is good for.</param>
    public bool Confirm(long asked, TimeSpan validity)
    {
        Interlocked.Exchange(ref _validUntil, asked + Ticks(validity));
        if (IsHeld)
        {
            return false;
        }

        IsHeld = true;
        Turn();
        return true;
    }

    private long After(TimeSpan time) => timeProvider.GetTimestamp() + Ticks(time);

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * timeProvider.TimestampFrequency);
}
