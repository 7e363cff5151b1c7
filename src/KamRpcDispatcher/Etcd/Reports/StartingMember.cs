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
