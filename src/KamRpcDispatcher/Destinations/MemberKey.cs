using System.Globalization;

namespace KamRpcDispatcher.Destinations;

/// <summary>What identifies a member: its set and its name, in etcd <c>members/&lt;set&gt;/&lt;name&gt;</c>.</summary>
public readonly record struct MemberKey(int Set, string Name) : IComparable<MemberKey>
{
    public int CompareTo(MemberKey other) =>
        Set != other.Set ? Set.CompareTo(other.Set) : string.CompareOrdinal(Name, other.Name);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Set}/{Name}");

    public static bool operator <(MemberKey left, MemberKey right) => left.CompareTo(right) < 0;

    public static bool operator <=(MemberKey left, MemberKey right) => left.CompareTo(right) <= 0;

    public static bool operator >(MemberKey left, MemberKey right) => left.CompareTo(right) > 0;

    public static bool operator >=(MemberKey left, MemberKey right) => left.CompareTo(right) >= 0;
}
