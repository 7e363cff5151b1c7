namespace KamRpcDispatcher.Dispatch.Cycles;

/// <summary>When something began: told by the time of day, and known by the clock that nobody sets.</summary>
/// <param name="Mark">By that clock.</param>
/// <param name="Utc">By the time of day, to the millisecond.</param>
internal readonly record struct Moment(TimeSpan Mark, DateTimeOffset Utc)
{
    /// <summary>Clocks that are kept right run a little faster or slower; what is off by more was set.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    /// <summary>The moment when that clock showed a mark, now by default.</summary>
    public static Moment At(TimeProvider timeProvider, TimeSpan? mark = null)
    {
        var now = timeProvider.Mark();
        return new Moment(mark ?? now, Whole(timeProvider.GetUtcNow() - (now - (mark ?? now))));
    }

    /// <summary>The same, told anew where the time of day was set since.</summary>
    public Moment Told(TimeProvider timeProvider)
    {
        var told = At(timeProvider, Mark);
        return (told.Utc - Utc).Duration() > Tolerance ? told : this;
    }

    private static DateTimeOffset Whole(DateTimeOffset time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerMillisecond), time.Offset);
}
