using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Cycles;

/// <summary>Who is followed in one cycle.</summary>
/// <param name="Membership">Who is announced.</param>
/// <param name="Held">Expired members that are held back.</param>
/// <param name="Doubted">Those whose lease ended while the store was away, for the moment in which they may come back.</param>
internal sealed record CycleMembers(Membership Membership, IReadOnlyList<Member> Held, IReadOnlyList<Member> Doubted)
{
    /// <summary>The same, where one that is kept may be announced all the same, as not ready: what he was counts.</summary>
    public static CycleMembers Of(Membership membership, IReadOnlyList<Member> held, IReadOnlyList<Member> doubted)
    {
        var kept = held.Concat(doubted).Select(static member => member.Key).ToHashSet();
        return new CycleMembers(
            kept.Count > 0 && membership.Members.Any(member => kept.Contains(member.Key)) ? membership with { Members = [.. membership.Members.Where(member => !kept.Contains(member.Key))] } : membership,
            held,
            doubted);
    }

    /// <summary>Who is not announced, and stays as he was.</summary>
    public IReadOnlyList<Member> Kept => [.. Held, .. Doubted];

    /// <summary>Everybody.</summary>
    public IReadOnlyList<Member> All => [.. Membership.Members, .. Held, .. Doubted];

    /// <summary>The same with their copies in the sets of their classes.</summary>
    public CycleMembers Share(CycleShares shares) => new(Membership with { Members = shares.Expand(Membership.Members), ClassKeys = shares.ClassKeys, Apart = shares.ApartKeys }, shares.Expand(Held), shares.Expand(Doubted));
}
