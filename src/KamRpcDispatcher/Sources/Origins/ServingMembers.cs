using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Operators;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>Counts the ready members of each set whom no operator drains: those that get calls.</summary>
/// <param name="wished">What operators wish as far as it is known now; null for nothing. The same as long as nothing changes.</param>
internal sealed class ServingMembers(Func<OperatorIntents?> wished)
{
    private readonly Dictionary<int, HashSet<MemberKey>> _ready = [];

    /// <summary>How many of them are drained by <see cref="_counted"/>.</summary>
    private readonly Dictionary<int, int> _drained = [];

    private OperatorIntents? _counted;

    /// <summary>Whether an operator drains the member now.</summary>
    public bool IsDrained(MemberKey member)
    {
        Recount();
        return IsCountedAsDrained(member);
    }

    /// <summary>How many of a set get calls now.</summary>
    public int Count(int set)
    {
        Recount();
        return (_ready.GetValueOrDefault(set)?.Count ?? 0) - _drained.GetValueOrDefault(set);
    }

    /// <summary>A member is ready that was not.</summary>
    public void Add(MemberKey member)
    {
        if (!_ready.TryGetValue(member.Set, out var ready))
        {
            _ready[member.Set] = ready = [];
        }

        if (ready.Add(member) && IsCountedAsDrained(member))
        {
            _drained[member.Set] = _drained.GetValueOrDefault(member.Set) + 1;
        }
    }

    /// <summary>One that was ready is so no more, or is gone.</summary>
    public void Remove(MemberKey member)
    {
        if (!_ready.TryGetValue(member.Set, out var ready) || !ready.Remove(member))
        {
            return;
        }

        if (IsCountedAsDrained(member))
        {
            _drained[member.Set]--;
        }

        if (ready.Count == 0)
        {
            _ready.Remove(member.Set);
            _drained.Remove(member.Set);
        }
    }

    private bool IsCountedAsDrained(MemberKey member) => _counted?.TryGetDrain(member, out _) == true;

    private void Recount()
    {
        var now = wished();
        if (ReferenceEquals(now, _counted))
        {
            return;
        }

        _counted = now;
        _drained.Clear();
        foreach (var drain in (now?.ByMember.Values ?? []).Where(intent => intent.IsDrained && _ready.GetValueOrDefault(intent.Key.Set)?.Contains(intent.Key) == true))
        {
            _drained[drain.Key.Set] = _drained.GetValueOrDefault(drain.Key.Set) + 1;
        }
    }
}
