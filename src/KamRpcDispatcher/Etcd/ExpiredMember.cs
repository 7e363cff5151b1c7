using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd;

/// <summary>A ready member whose key went without a word: its lease ended, or a listing lacks it.</summary>
/// <param name="Member">What it was last.</param>
/// <param name="At">When its going was noticed.</param>
/// <param name="SetSize">How many ready members its set had then, itself included.</param>
/// <param name="Mark">When that was by the clock that nobody sets (<see cref="MonotonicTime"/>): what goes by the time since then goes by this.</param>
public sealed record ExpiredMember(Member Member, DateTimeOffset At, int SetSize, TimeSpan Mark)
{
    /// <summary>
    /// Whether the store itself had been away until a moment before, so that no announcer could keep a lease alive: that says nothing of the
    /// servers, whose announcers write their keys again as soon as they can.
    /// </summary>
    public bool IsDoubted { get; init; }

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
