namespace KamRpcDispatcher.Destinations;

/// <summary>The members of one set that have one address: one of them is followed.</summary>
/// <param name="Holder">The one that is followed.</param>
/// <param name="Others">Those that are left out, none as a rule.</param>
public sealed record AddressClaim(Member Holder, IReadOnlyList<Member> Others)
{
    /// <summary>
    /// One claim an address: a ready member holds it before one that is not, so that nobody takes another one's address out of service by a
    /// record of his own; then one that Kamailio takes; then the one announced last, since addresses are used again.
    /// </summary>
    /// <param name="members">The members, of whatever sets.</param>
    /// <param name="isRefused">Whether Kamailio would refuse the member; null where that is not known.</param>
    public static IReadOnlyList<AddressClaim> Of(IEnumerable<Member> members, Func<Member, bool>? isRefused = null)
    {
        ArgumentNullException.ThrowIfNull(members);
        return [.. members.OrderBy(static member => member.Key).GroupBy(static member => (member.Key.Set, member.Uri)).Select(claimants => Ranked([.. claimants], isRefused))];
    }

    private static AddressClaim Ranked(Member[] claimants, Func<Member, bool>? isRefused)
    {
        if (claimants.Length == 1)
        {
            return new AddressClaim(claimants[0], []);
        }

        var ranked = claimants
            .OrderByDescending(static member => member.State == MemberState.Ready)
            .ThenBy(member => isRefused?.Invoke(member) ?? false)
            .ThenByDescending(static member => member.CreatedRevision)
            .ToList();
        return new AddressClaim(ranked[0], ranked[1..]);
    }
}
