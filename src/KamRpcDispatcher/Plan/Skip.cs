using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan;

/// <summary>Why the planner left something as it is, though the membership asks for something else.</summary>
public enum SkipReason
{
    /// <summary>The same destination stands in the set, put there by an operator or a list file.</summary>
    UnmanagedDuplicate,

    /// <summary>Another member of the set has the same address: a ready one, one that Kamailio takes, or one that was announced later.</summary>
    Superseded,

    /// <summary>Kamailio refused the destination; it is tried again later.</summary>
    Quarantined,

    /// <summary>Nobody wants the destination any more; it is disabled, and removed after a while if nobody wants it back.</summary>
    RemovalDelayed,

    /// <summary>It should get no calls, and nothing can be done: a state change would reach somebody else's copy of the same text.</summary>
    Unsilenced,

    /// <summary>Its attributes are to change while calls are counted on it: the counter would start at 0 again. They change when it is idle.</summary>
    CallsCounted,

    /// <summary>The change was made and had no effect; it is made again later.</summary>
    WithoutEffect,

    /// <summary>The member brings attributes that it may not, see <see cref="Skip.Detail"/>: it is not added, and stays as it was where it is listed.</summary>
    NotAllowed,

    /// <summary>The member is listed with attributes that it may not bring, and stays.</summary>
    ListedThoughNotAllowed,

    /// <summary>The member's record changes too often: its structural changes wait.</summary>
    Flapping,
}

/// <summary>One thing that the planner left as it is.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Set">The set's number.</param>
/// <param name="Uri">The URI's text.</param>
/// <param name="Member">The member it is about, null for an entry without one.</param>
public sealed record Skip(SkipReason Reason, int Set, string Uri, MemberKey? Member)
{
    /// <summary>What exactly, where there is more to say.</summary>
    public string? Detail { get; init; }

    /// <summary>Whether somebody gets calls because of it who should not.</summary>
    public bool OwesSilence { get; init; }

    /// <summary>Of a <see cref="SkipReason.Superseded"/> one: the member that is followed.</summary>
    public MemberKey? Holder { get; init; }

    /// <summary>Of a <see cref="SkipReason.Superseded"/> one: whether calls go to the address, since the holder is ready.</summary>
    public bool IsServed { get; init; }

    /// <summary>A member is left out, since another one has its address.</summary>
    internal static Skip Supersede(Member member, Member holder) => new(SkipReason.Superseded, member.Key.Set, member.Uri.Text, member.Key)
    {
        Holder = holder.Key,
        IsServed = holder.State == MemberState.Ready,
    };

    /// <summary>Whether Kamailio's list is not what the membership asks for because of it.</summary>
    public bool IsDrift => Reason is SkipReason.Quarantined or SkipReason.Unsilenced or SkipReason.CallsCounted or SkipReason.WithoutEffect or SkipReason.NotAllowed or SkipReason.Flapping;

    /// <summary>Whether it keeps the rest of the membership from being in force: what one member does wrong must not.</summary>
    public bool IsPending => IsDrift && Reason is not (SkipReason.Quarantined or SkipReason.NotAllowed or SkipReason.Flapping);
}
