using System.Text;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan.Order;

/// <summary>
/// Kamailio's priority for a member: the member's own in the upper 7 bits, a hash of its name in the lower 24.
/// </summary>
/// <remarks>
/// Every rebuild of the table reverses the order among equal priorities, in all sets, which remaps hashes and moves the "last" entry of the
/// weighted algorithms; distinct priorities stay in order, and load in a fifth of the time. The fine part comes from the name alone, so that
/// a join never changes another member's priority: a change costs a remove and an add.
/// </remarks>
internal static class PriorityEncoding
{
    private const int FineBits = 24;
    private const int FineMask = (1 << FineBits) - 1;

    static PriorityEncoding() => System.Diagnostics.Debug.Assert(MemberValidation.MaxPriority < 1 << (31 - FineBits), "the coarse part has 7 bits");

    /// <summary>Whether a listed priority is one for the member: of those in the usual order each has a fine part.</summary>
    public static bool Matches(int listed, Member member, DestinationOrder order) =>
        order == DestinationOrder.Plain ? listed == member.Priority : listed >> FineBits == member.Priority && (listed & FineMask) != 0;

    /// <summary>The member's own part of a listed priority; of one in another order the nearest.</summary>
    public static int Own(int listed, DestinationOrder order) => Math.Clamp(order == DestinationOrder.Plain ? listed : listed >> FineBits, 0, MemberValidation.MaxPriority);

    /// <summary>A priority for the member that no entry in <paramref name="taken"/> has; takes it.</summary>
    public static int Choose(Member member, DestinationOrder order, HashSet<int> taken)
    {
        if (order == DestinationOrder.Plain)
        {
            return member.Priority;
        }

        var fine = Hash(member.Key.Name);
        int priority;
        while (!taken.Add(priority = (member.Priority << FineBits) | fine))
        {
            fine = (fine + 1) & FineMask;
        }

        return priority;
    }

    /// <summary>FNV-1a over the name, folded to 24 bits: the same in every process and release, unlike <see cref="string.GetHashCode()"/>.</summary>
    private static int Hash(string name)
    {
        var hash = 2166136261u;
        foreach (var part in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ part) * 16777619u;
        }

        return Math.Max(1, (int)((hash >> FineBits) ^ (hash & FineMask)));
    }
}
