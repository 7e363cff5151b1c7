using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>How a drained member is with the calls that are up on it.</summary>
/// <param name="Key">The member.</param>
/// <param name="Count">The last count that came, old or not; null where none came that can be used.</param>
/// <param name="Age">How long ago that came; null where none did while somebody watched.</param>
/// <param name="Unknown">Why it is not known how many are up, in a few words, safe to print; null where it is.</param>
public sealed record IdleMember(MemberKey Key, CallCount? Count, TimeSpan? Age, string? Unknown)
{
    /// <summary>Nothing stands there.</summary>
    internal const string NoCount = "its announcer tells no count";

    /// <summary>Whether its announcer tells no count at all.</summary>
    public bool IsUncounted => Unknown == NoCount;

    /// <summary>Whether nothing is up, and has not been for a moment, in which a call that was on its way would have come.</summary>
    public bool IsIdle { get; init; }
}

/// <summary>How those who are waited for are with their calls.</summary>
/// <param name="Members">By key.</param>
public sealed record IdleState(IReadOnlyList<IdleMember> Members)
{
    /// <summary>Why etcd cannot be followed at the moment; null where it can.</summary>
    public string? Outage { get; init; }

    public bool IsIdle => Members.All(static member => member.IsIdle);
}
