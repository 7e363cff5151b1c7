using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>Counts the expired members of an event that were let go, as one goes through the marks of expiries in their order. Each is looked at twice.</summary>
/// <param name="window">How far apart those of one event are.</param>
internal sealed class ReleasedMembers(TimeSpan window)
{
    private readonly Queue<ExpiredMember> _byGoing = new();
    private readonly PriorityQueue<ExpiredMember, TimeSpan> _byReturn = new();
    private readonly HashSet<ExpiredMember> _counted = new(ReferenceEqualityComparer.Instance);

    /// <summary>One is let go.</summary>
    public void Add(ExpiredMember expired)
    {
        _counted.Add(expired);
        _byGoing.Enqueue(expired);
        if (expired.BackAt is { } back)
        {
            _byReturn.Enqueue(expired, back);
        }
    }

    /// <summary>How many were gone at a time, of those of the window before it. Times do not go back.</summary>
    public int At(TimeSpan mark)
    {
        while (_byGoing.TryPeek(out var first) && mark - first.Mark > window)
        {
            _counted.Remove(_byGoing.Dequeue());
        }

        while (_byReturn.TryPeek(out var first, out var back) && back < mark)
        {
            _counted.Remove(first);
            _byReturn.Dequeue();
        }

        return _counted.Count;
    }
}
