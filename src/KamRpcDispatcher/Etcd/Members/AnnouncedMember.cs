using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>A member as the store holds it.</summary>
/// <param name="Member">The member.</param>
/// <param name="Lease">The lease that it ends with; 0 for a static member, <see cref="UnknownLease"/> where that is not told.</param>
public sealed record AnnouncedMember(Member Member, long Lease)
{
    /// <summary>In place of a lease where a dispatcher tells its members, and not what keeps their records.</summary>
    public const long UnknownLease = -1;

    /// <summary>A member as a dispatcher follows it: one whom an operator has drained has announced that he is ready, and is followed as draining.</summary>
    /// <param name="member">The member.</param>
    /// <param name="drain">That operator's wish; null for nobody's.</param>
    public static AnnouncedMember Told(Member member, Intent? drain) =>
        drain is null ? new(member, UnknownLease) : new(member with { State = MemberState.Ready }, UnknownLease) { Intent = drain };

    /// <summary>Whether its record is one that no announcer keeps.</summary>
    public bool IsStatic => Lease == 0;

    /// <summary>The store's revision of the record.</summary>
    public long ModRevision { get; init; }

    /// <summary>What an operator wishes of it; null for nothing.</summary>
    public Intent? Intent { get; init; }

    /// <summary>The store's revision of that wish; 0 where there is none.</summary>
    public long IntentRevision { get; init; }

    /// <summary>Whether it announces that it is ready, and an operator has drained it.</summary>
    public bool IsDrained => Member.State == MemberState.Ready && Intent is { IsDrained: true };

    /// <summary>Whether it announces that it is ready, and an operator's split of its set gives it no share.</summary>
    public bool IsIdle { get; init; }

    /// <summary>The state that a proxy takes it to be in which follows what operators wish.</summary>
    public MemberState Effective => IsDrained || IsIdle ? MemberState.Draining : Member.State;

    /// <summary>The member in that state.</summary>
    public Member InEffect => Effective == Member.State ? Member : Member with { State = Effective };
}
