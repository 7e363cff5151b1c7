using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources;

/// <summary>A ready member whose key went without a word: its lease ended, or a listing lacks it. Whom an operator had drained by then is none: it got no calls.</summary>
/// <param name="Member">What it was last.</param>
/// <param name="At">When its going was noticed.</param>
/// <param name="SetSize">How many ready members its set had then that no operator drained, itself included.</param>
/// <param name="Mark">When that was by the clock that nobody sets (<see cref="MonotonicTime"/>): what goes by the time since then goes by this.</param>
public sealed record ExpiredMember(Member Member, DateTimeOffset At, int SetSize, TimeSpan Mark)
{
    /// <summary>For how long announcers that lost the store with everybody else are waited for once it answers: they are back within half a second as a rule.</summary>
    public static readonly TimeSpan Doubt = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Since when it is doubted, by the same clock: the store itself had been away until a moment before, so that no announcer could keep a lease alive. That says
    /// nothing of the servers, whose announcers write their keys again as soon as they can. When the store goes away meanwhile, the time begins anew with its
    /// return. Null for an expiry like others.
    /// </summary>
    public TimeSpan? DoubtedSince { get; init; }

    /// <summary>When it was there again and ready, by the same clock; null while it is not. Who is back is no part of what goes after that; one that is there and not ready is.</summary>
    public TimeSpan? BackAt { get; init; }

    /// <summary>Whether it is doubted still.</summary>
    /// <param name="heard">When the store was heard last: as long as it says nothing, nobody could come back.</param>
    public bool IsDoubted(TimeSpan heard) => DoubtedSince is { } since && heard - since < Doubt;

    /// <summary>
    /// Whether another store announced it, which this proxy followed before: perhaps this one was set up in its place, perhaps it has nothing to do with it. So it is
    /// kept where it is, and put nowhere.
    /// </summary>
    public bool IsOfAnotherStore { get; init; }

    /// <summary>
    /// Those of an earlier daemon, whose marks say nothing here: as long ago as the time of day has it, which may have been set meanwhile, and in
    /// the same order, also where that does not tell them apart.
    /// </summary>
    public static IReadOnlyList<ExpiredMember> Marked(IReadOnlyList<ExpiredMember> before, TimeProvider timeProvider)
    {
        var (mark, utc) = (timeProvider.Mark(), timeProvider.GetUtcNow());
        var marked = new List<ExpiredMember>(before.Count);
        var last = TimeSpan.MinValue;
        foreach (var expired in before)
        {
            var age = utc - expired.At;
            var own = mark - (age > TimeSpan.Zero ? age : TimeSpan.Zero);
            last = own > last ? own : last + TimeSpan.FromTicks(1);
            marked.Add(expired with { Mark = last });
        }

        return marked;
    }
}
