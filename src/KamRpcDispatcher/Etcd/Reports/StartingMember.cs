using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>A member that starts slowly at a proxy.</summary>
/// <param name="Member">Which.</param>
/// <param name="Share">What it gets of its share there, in per cent.</param>
public sealed record StartingMember(MemberKey Member, int Share)
{
    /// <summary>As many as are written, those with the least first.</summary>
    public const int MostInReport = 50;
}

/// <summary>A ready member that gets only what fails over at a proxy, since the share map there has no slot for it.</summary>
/// <param name="Member">Which.</param>
/// <param name="Why">Why; null for a reason of a newer version.</param>
public sealed record UnsharedMember(MemberKey Member, FailOverOnly? Why)
{
    /// <summary>As many as are written: one of each set, then a second of each, and so on.</summary>
    public const int MostInReport = 50;
}
