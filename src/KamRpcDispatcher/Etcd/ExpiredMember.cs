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
    /// One of an earlier daemon, whose mark says nothing here: as long ago as the time of day has it, which may have been set meanwhile.
    /// </summary>
    public ExpiredMember MarkedBy(TimeProvider timeProvider)
    {
        var age = timeProvider.GetUtcNow() - At;
        return this with { Mark = timeProvider.Mark() - (age > TimeSpan.Zero ? age : TimeSpan.Zero) };
    }
}
