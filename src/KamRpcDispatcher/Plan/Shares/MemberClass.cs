using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan.Shares;

/// <summary>What members have in common that stand in one set of Kamailio's beside their home set: a value of the label that the set is split by, one weight, or both.</summary>
/// <param name="Value">The label's value, which may be empty; null where the set is not split.</param>
/// <param name="Weight">The weight, 1 or more; null for none, which counts as <see cref="FullWeight"/> where weights are relative, and shares the rest where they are percentages.</param>
/// <remarks>A class follows from the member alone, never from its neighbours: a join, or another one's new weight, moves nobody to another class.</remarks>
public readonly record struct MemberClass(string? Value, int? Weight) : IComparable<MemberClass>
{
    /// <summary>
    /// What a member without a weight counts as: the highest weight that can be announced. So an operator who gives one member of a set the weight 10 gives it a tenth of what each of the others has.
    /// </summary>
    public const int FullWeight = MemberValidation.MaxWeight;

    private const string AnyValue = "*";
    private const string EmptyValue = "\"\"";
    private const string WeightMark = ";weight=";
    private const string StartMark = ";start=";
    private const string ZoneMark = ";zone=";

    /// <summary>The cohort of members that start slowly; 0 for those that do not.</summary>
    public int Start { get; init; }

    /// <summary>Whether its members are of the zone that the proxy prefers; null where it prefers none.</summary>
    public bool? IsInZone { get; init; }

    /// <summary>The weight that counts where weights are relative.</summary>
    public int Relative => Weight ?? FullWeight;

    /// <summary>
    /// Its name in etcd: <c>v2</c>, <c>v2;weight=10</c>, <c>*;weight=10</c> where the set is not split, <c>*</c>, and <c>""</c> for the empty value; then <c>;start=1</c> of those that start slowly, and <c>;zone=own</c> or
    /// <c>;zone=other</c>. No value of a label has an asterisk, a quote or a semicolon in it.
    /// </summary>
    public string Text => ValueText
        + (Weight is { } weight ? string.Create(CultureInfo.InvariantCulture, $"{WeightMark}{weight}") : string.Empty)
        + (Start > 0 ? string.Create(CultureInfo.InvariantCulture, $"{StartMark}{Start}") : string.Empty)
        + (IsInZone switch { true => ZoneMark + "own", false => ZoneMark + "other", _ => string.Empty });

    /// <summary>The name of its value: the first part of <see cref="Text"/>.</summary>
    public string ValueText => Value switch { null => AnyValue, "" => EmptyValue, _ => Value };

    /// <summary>That of a member where weights are relative: the highest is the same as none.</summary>
    /// <param name="value">Its value of the label that its set is split by; null where that is not split.</param>
    /// <param name="weight">Its weight; null where it has none.</param>
    public static MemberClass Of(string? value, int? weight) => new(value, weight == FullWeight ? null : weight);

    /// <summary>Reads <see cref="Text"/>; <paramref name="error"/> says what is wrong with another one.</summary>
    public static bool TryParse(string? text, out MemberClass result, [NotNullWhen(false)] out string? error)
    {
        result = default;
        var rest = text ?? string.Empty;
        bool? isInZone = rest.EndsWith(ZoneMark + "own", StringComparison.Ordinal) ? true : rest.EndsWith(ZoneMark + "other", StringComparison.Ordinal) ? false : null;
        rest = isInZone is null ? rest : rest[..rest.LastIndexOf(ZoneMark, StringComparison.Ordinal)];
        if (!TryCut(ref rest, StartMark, out var start) || !TryCut(ref rest, WeightMark, out var weight))
        {
            error = $"the weight or the start of the class '{SafeText.Shorten(text!)}' is not a number from 1 to {int.MaxValue}";
            return false;
        }

        var name = rest;
        string? value = name switch { AnyValue => null, EmptyValue => string.Empty, _ => name };
        if (string.IsNullOrEmpty(name) || (value is not null && (value.Length > MemberValidation.MaxAttributeLength || !value.All(MemberValidation.IsPlainInAttribute))))
        {
            error = $"the class '{SafeText.Shorten(text ?? string.Empty)}' names no value that a label may have";
            return false;
        }

        (result, error) = (new MemberClass(value, weight) { Start = start ?? 0, IsInZone = isInZone }, null);
        return true;
    }

    public int CompareTo(MemberClass other) => string.CompareOrdinal(Value, other.Value) is not 0 and var byValue ? byValue
        : Nullable.Compare(Weight, other.Weight) is not 0 and var byWeight ? byWeight
        : Start.CompareTo(other.Start) is not 0 and var byStart ? byStart
        : Nullable.Compare(other.IsInZone, IsInZone);

    public override string ToString() => Text;

    /// <summary>Takes the mark and its number from the end. One spelling only: "010" and "10" would be two names for one class.</summary>
    private static bool TryCut(ref string text, string mark, out int? number)
    {
        number = null;
        var at = text.IndexOf(mark, StringComparison.Ordinal);
        if (at < 0)
        {
            return true;
        }

        var digits = text.AsSpan(at + mark.Length);
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var read) || read < 1 || digits[0] == '0')
        {
            return false;
        }

        (number, text) = (read, text[..at]);
        return true;
    }

    public static bool operator <(MemberClass left, MemberClass right) => left.CompareTo(right) < 0;

    public static bool operator <=(MemberClass left, MemberClass right) => left.CompareTo(right) <= 0;

    public static bool operator >(MemberClass left, MemberClass right) => left.CompareTo(right) > 0;

    public static bool operator >=(MemberClass left, MemberClass right) => left.CompareTo(right) >= 0;
}
