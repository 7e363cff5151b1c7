namespace KamRpcDispatcher.Plan.Shares;

/// <summary>One class of a set, and what it gets of the set's calls.</summary>
/// <param name="Class">The class.</param>
/// <param name="Number">Its number in maps, 1 to 999; 0 where the home set stands for it; null where none has been allocated yet: then nobody stands in it, and its calls go to the home set.</param>
/// <param name="Wanted">
/// What it is to get, in thousandths of the set's calls: the operator's share of its value, within that its part by the weights of all ready members. Of all classes together 1,000, less what a split gives to values
/// that nobody has.
/// </param>
/// <param name="Slots">The slots that it has in the map, of 1,024.</param>
/// <param name="Members">How many members it has, in whatever state.</param>
/// <param name="Routable">How many of them take calls: ready, and routable in the class's set in this Kamailio's list.</param>
public sealed record ClassShare(MemberClass Class, int? Number, int Wanted, int Slots, int Members, int Routable)
{
    /// <summary>Its set in Kamailio; null where it has none of its own.</summary>
    public int? Set => Number > ShareMap.HomeNumber ? ShareMap.FirstSet + Number : null;
}
