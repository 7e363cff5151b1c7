using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan.Shares;

/// <summary>
/// The slots that carry the shares of one set into Kamailio: a call's key is hashed to one of them, and the slot names the class that the call goes to first. Kamailio
/// has it as one text, which is replaced as a whole by one call.
/// </summary>
/// <remarks>Two maps are equal when every slot is. A power of two, since Kamailio's <c>corehash</c> is even for no other number.</remarks>
public sealed class ShareMap : IEquatable<ShareMap>
{
    /// <summary>How many slots there are: one is 0.098 % of the calls.</summary>
    public const int Slots = 1024;

    /// <summary>The number of the home set in a slot.</summary>
    public const int HomeNumber = 0;

    /// <summary>The highest number of a class.</summary>
    public const int MaxNumber = ClassSets.Most;

    /// <summary>The set in Kamailio of the class with number n is this plus n.</summary>
    public const int FirstSet = ClassSets.Base;

    /// <summary>The characters of a slot in <see cref="Text"/>.</summary>
    private const int Digits = 3;

    private readonly Dictionary<int, int> _counts;

    private ShareMap(string text)
    {
        Text = text;
        _counts = Enumerable.Range(0, Slots).CountBy(slot => this[slot]).ToDictionary();
    }

    /// <summary>Every slot names the home set: calls go where they go without a map.</summary>
    public static ShareMap Home { get; } = new(new string('0', Slots * Digits));

    /// <summary>As Kamailio has it: 3,072 digits, three a slot.</summary>
    public string Text { get; }

    /// <summary>The number in a slot, 0 to 1,023: 0 for the home set, or that of a class.</summary>
    public int this[int slot] => int.Parse(Text.AsSpan(slot * Digits, Digits), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>How many slots each number has; one that is not there has none.</summary>
    public IReadOnlyDictionary<int, int> Counts => _counts;

    /// <summary>How many slots a number has.</summary>
    public int CountOf(int number) => _counts.GetValueOrDefault(number);

    /// <param name="numbers">The number in each slot.</param>
    /// <exception cref="ArgumentException">There are not 1,024 of them.</exception>
    /// <exception cref="ArgumentOutOfRangeException">One is not from 0 to 999.</exception>
    public static ShareMap Of(IReadOnlyList<int> numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        if (numbers.Count != Slots)
        {
            throw new ArgumentException($"{numbers.Count} slots, not {Slots}", nameof(numbers));
        }

        foreach (var number in numbers)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(number, nameof(numbers));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(number, MaxNumber, nameof(numbers));
        }

        return new ShareMap(string.Create(Slots * Digits, numbers, static (text, all) =>
        {
            for (var slot = 0; slot < Slots; slot++)
            {
                all[slot].TryFormat(text.Slice(slot * Digits, Digits), out _, "D3", CultureInfo.InvariantCulture);
            }
        }));
    }

    /// <summary>Reads <see cref="Text"/>; <paramref name="error"/> says what is wrong with another one.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ShareMap? map, [NotNullWhen(false)] out string? error)
    {
        map = null;
        if (text is null || text.Length != Slots * Digits)
        {
            error = $"the map has {text?.Length ?? 0} characters, not {Slots * Digits}";
            return false;
        }

        if (text.AsSpan().IndexOfAnyExceptInRange('0', '9') is >= 0 and var wrong)
        {
            error = $"the map has '{SafeText.Shorten(text.Substring(wrong, 1))}' in slot {wrong / Digits}, which is no digit";
            return false;
        }

        (map, error) = (new ShareMap(text), null);
        return true;
    }

    /// <summary>How many slots name another number in the other map.</summary>
    public int DifferenceTo(ShareMap other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Enumerable.Range(0, Slots).Count(slot => this[slot] != other[slot]);
    }

    public bool Equals(ShareMap? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as ShareMap);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <summary><c>0: 51, 1: 973</c>: the slots of each number.</summary>
    public override string ToString() => string.Join(", ", _counts.OrderBy(static count => count.Key).Select(static count => FormattableString.Invariant($"{count.Key}: {count.Value}")));
}
