using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources;

/// <summary>A member that a proxy leaves out, since another name of its set has its address.</summary>
/// <param name="Member">The one that is left out.</param>
/// <param name="Holder">The one that is followed.</param>
/// <param name="IsServed">Whether that one is ready, so that calls go to the address whatever the other one says.</param>
public sealed record SupersededMember(MemberKey Member, MemberKey Holder, bool IsServed)
{
    /// <summary>Whether it is not ready itself: who leaves wants to know that calls go on.</summary>
    public bool IsLeaving { get; init; }
}
