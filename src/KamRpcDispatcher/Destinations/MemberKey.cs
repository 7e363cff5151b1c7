using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace KamRpcDispatcher.Destinations;

/// <summary>What identifies a member: its set and its name, in etcd <c>members/&lt;set&gt;/&lt;name&gt;</c>.</summary>
public readonly record struct MemberKey(int Set, string Name) : IComparable<MemberKey>
{
    /// <summary>The set where kamrpc keeps the one destination of its own that never gets calls: far above the numbers that operators use.</summary>
    public const int ReservedSet = 2_000_000_000;

    /// <summary>Reads <c>&lt;set&gt;/&lt;name&gt;</c>, as <see cref="ToString"/> writes it.</summary>
    public static bool TryParse(string text, out MemberKey key, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        key = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            error = $"'{SafeText.Shorten(text)}' is not <set>/<name>";
            return false;
        }

        // One spelling only: "01" and "1" would be two keys for one set.
        if (!int.TryParse(text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var set)
            || set.ToString(CultureInfo.InvariantCulture) != text[..slash])
        {
            error = $"the set '{SafeText.Shorten(text[..slash])}' is not a number from 0 to {int.MaxValue}";
            return false;
        }

        if (set == ReservedSet)
        {
            error = $"the set {ReservedSet} is kamrpc's own";
            return false;
        }

        if (ClassSets.Has(set))
        {
            error = $"the sets {ClassSets.Base} to {ClassSets.Base + ClassSets.Most} are kamrpc's own";
            return false;
        }

        key = new MemberKey(set, text[(slash + 1)..]);
        error = MemberValidation.CheckName(key.Name);
        return error is null;
    }

    public int CompareTo(MemberKey other) =>
        Set != other.Set ? Set.CompareTo(other.Set) : string.CompareOrdinal(Name, other.Name);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Set}/{Name}");

    public static bool operator <(MemberKey left, MemberKey right) => left.CompareTo(right) < 0;

    public static bool operator <=(MemberKey left, MemberKey right) => left.CompareTo(right) <= 0;

    public static bool operator >(MemberKey left, MemberKey right) => left.CompareTo(right) > 0;

    public static bool operator >=(MemberKey left, MemberKey right) => left.CompareTo(right) >= 0;
}
