namespace KamRpcDispatcher.Destinations;

/// <summary>The sets of Kamailio that kamrpc keeps for classes of members, beside the sets that operators use.</summary>
public static class ClassSets
{
    /// <summary>The class of number n has the set of this number plus n.</summary>
    public const int Base = 1_000_000;

    /// <summary>Classes have the numbers 1 to this one: a slot of a share map names one by three digits.</summary>
    public const int Most = 999;

    /// <summary>The longest name of a class.</summary>
    public const int MaxNameLength = 256;

    /// <summary>Whether it is the set of a class, or of the number 0, which no class has.</summary>
    public static bool Has(int set) => set is >= Base and <= Base + Most;
}
