using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>Takes those out of a set's expiries whom an operator had drained before they expired. Pure.</summary>
internal static class DrainedExpiry
{
    /// <summary>Those that one listing lacks are found within this time, and each has the size that the set had before it.</summary>
    private static readonly TimeSpan OneListing = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The expiries of those who got calls, each with the number of such that its set had then. Who was drained after it had expired stays among them: else those that
    /// were let go before would be held again.
    /// </summary>
    /// <param name="expired">Those of one set, in the order of their going; those that are back too.</param>
    /// <param name="membership">As operators wish it.</param>
    public static ExpiredMember[] LeftOut(ExpiredMember[] expired, Membership membership)
    {
        if (membership.Drained.Count == 0 || expired.Length == 0)
        {
            return expired;
        }

        var isDrained = Array.ConvertAll(expired, one => IsDrainedBefore(one, membership));
        var drainedFrom = new int[expired.Length + 1];
        for (var index = expired.Length - 1; index >= 0; index--)
        {
            drainedFrom[index] = drainedFrom[index + 1] + (isDrained[index] ? 1 : 0);
        }

        var left = new List<ExpiredMember>(expired.Length);
        var present = Present(expired, membership);
        for (var (first, next) = (0, 0); first < expired.Length; first = next)
        {
            for (next = first + 1; next < expired.Length && expired[next].SetSize == expired[first].SetSize && expired[next].Mark - expired[first].Mark <= OneListing;)
            {
                next++;
            }

            // What was counted as ready has gone since, or is there still.
            var size = Math.Max(1, expired[first].SetSize - present - drainedFrom[first]);
            left.AddRange(Enumerable.Range(first, next - first).Where(index => !isDrained[index]).Select(index => expired[index] with { SetSize = size }));
        }

        return [.. left];
    }

    /// <summary>How many of the set are drained and have not expired.</summary>
    private static int Present(ExpiredMember[] expired, Membership membership)
    {
        var (set, gone) = (expired[0].Member.Key.Set, expired.Select(static one => one.Member.Key).ToHashSet());
        return membership.Members.Count(member => member.Key.Set == set && membership.Drained.Contains(member.Key) && !gone.Contains(member.Key));
    }

    private static bool IsDrainedBefore(ExpiredMember expired, Membership membership) =>
        membership.Drained.Contains(expired.Member.Key)
        && (membership.Intents is not { } intents || !intents.TryGetDrain(expired.Member.Key, out var drain) || drain.At is not { } at || at <= expired.At);
}
