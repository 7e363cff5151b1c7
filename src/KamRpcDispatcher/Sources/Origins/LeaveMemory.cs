using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>Remembers why members went that are gone: of the last thousand at least, however many there were.</summary>
internal sealed class LeaveMemory
{
    /// <summary>Of so many at least, and of twice as many at most.</summary>
    private const int Least = 1000;

    private readonly Dictionary<MemberKey, (LeaveCause Cause, long Order)> _left = [];
    private long _soFar;

    /// <summary>Those of now.</summary>
    public IReadOnlyDictionary<MemberKey, LeaveCause> All => _left.ToDictionary(static pair => pair.Key, static pair => pair.Value.Cause);

    /// <summary>Whether it is remembered that the member went.</summary>
    public bool Knows(MemberKey member) => _left.ContainsKey(member);

    /// <summary>A member's key was deleted.</summary>
    /// <param name="member">What was in force of it, null for nothing.</param>
    /// <param name="isLeased">Whether the key had a lease.</param>
    public void Deleted(Member? member, bool isLeased) => Add(member, (member, isLeased) switch
    {
        (_, false) => LeaveCause.Deleted,
        ({ State: MemberState.Down, Reason: MemberRecord.WithdrawnReason }, _) => LeaveCause.Withdrawn,
        ({ State: MemberState.Ready }, _) => LeaveCause.Expired,
        _ => LeaveCause.NotReady,
    });

    /// <summary>A member is gone.</summary>
    public void Add(Member? member, LeaveCause cause)
    {
        if (member is null)
        {
            return;
        }

        _left[member.Key] = (cause, ++_soFar);
        if (_left.Count >= 2 * Least)
        {
            foreach (var (oldest, _) in _left.OrderBy(static pair => pair.Value.Order).Take(Least).ToList())
            {
                _left.Remove(oldest);
            }
        }
    }

    /// <summary>It is there again.</summary>
    public void Forget(MemberKey member) => _left.Remove(member);
}
