using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>What there is to say of a member's record, whether it can be used or not.</summary>
/// <param name="Ignored">What of it a newer version may understand and this one leaves out, safe to print.</param>
/// <param name="State">The state that it tells; null where none was reached. A record that cannot be used still takes its member out of service.</param>
public sealed record RecordRemarks(IReadOnlyList<string> Ignored, MemberState? State)
{
    /// <summary>Nothing.</summary>
    public static RecordRemarks None { get; } = new([], null);
}
