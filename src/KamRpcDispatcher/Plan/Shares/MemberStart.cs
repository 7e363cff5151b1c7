namespace KamRpcDispatcher.Plan.Shares;

/// <summary>How far the slow start of a member is.</summary>
/// <param name="Cohort">Those of one set that have begun together, and stand in one class until it is over; 1 or more.</param>
/// <param name="Tenths">What it gets of its share, in tenths: <see cref="Whole"/> when the slow start is over.</param>
/// <param name="MayWait">Whether it may be without calls for a moment, until it stands in its class.</param>
public readonly record struct MemberStart(int Cohort, int Tenths, bool MayWait)
{
    /// <summary>All of its share.</summary>
    public const int Whole = 10;

    /// <summary>Whether it is to stand where those stand that start no more.</summary>
    public bool IsOver => Tenths >= Whole;
}
