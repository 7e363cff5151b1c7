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

    /// <summary>The weight that counts where weights are relative.</summary>
    public int Relative => Weight ?? FullWeight;

    /// <summary>
    /// Its name in etcd: <c>v2</c>, <c>v2;weight=10</c>, <c>*;weight=10</c> where the set is not split, <c>*</c>, and <c>""</c> for the empty value. No value of a label has an asterisk, a quote or a
    /// semicolon in it.
    /// </summary>
    public string Text => (Value switch { null => AnyValue, "" => EmptyValue, _ => Value }) + (Weight is { } weight ? string.Create(CultureInfo.InvariantCulture, $"{WeightMark}{weight}") : string.Empty);

    /// <summary>That of a member where weights are relative: the highest is the same as none.</summary>
    /// <param name="value">Its value of the label that its set is split by; null where that is not split.</param>
    /// <param name="weight">Its weight; null where it has none.</param>
    public static MemberClass Of(string? value, int? weight) => new(value, weight == FullWeight ? null : weight);

    /// <summary>Reads <see cref="Text"/>; <paramref name="error"/> says what is wrong with another one.</summary>
    public static bool TryParse(string? text, out MemberClass result, [NotNullWhen(false)] out string? error)
    {
        result = default;
        var mark = text?.IndexOf(WeightMark, StringComparison.Ordinal) ?? -1;
        var name = mark < 0 ? text : text![..mark];
        string? value = name switch { AnyValue => null, EmptyValue => string.Empty, _ => name };
        if (string.IsNullOrEmpty(name) || (value is not null && (value.Length > MemberValidation.MaxAttributeLength || !value.All(MemberValidation.IsPlainInAttribute))))
        {
            error = $"the class '{SafeText.Shorten(text ?? string.Empty)}' names no value that a label may have";
            return false;
        }

        int? weight = null;
        if (mark >= 0)
        {
            var digits = text!.AsSpan(mark + WeightMark.Length);

            // One spelling only: "010" and "10" would be two names for one class.
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1 || digits[0] == '0')
            {
                error = $"the weight of the class '{SafeText.Shorten(text!)}' is not a number from 1 to {int.MaxValue}";
                return false;
            }

            weight = number;
        }

        (result, error) = (new MemberClass(value, weight), null);
        return true;
    }

    public int CompareTo(MemberClass other) => string.CompareOrdinal(Value, other.Value) is not 0 and var order ? order : Nullable.Compare(Weight, other.Weight);

    public override string ToString() => Text;

    public static bool operator <(MemberClass left, MemberClass right) => left.CompareTo(right) < 0;

    public static bool operator <=(MemberClass left, MemberClass right) => left.CompareTo(right) <= 0;

    public static bool operator >(MemberClass left, MemberClass right) => left.CompareTo(right) > 0;

    public static bool operator >=(MemberClass left, MemberClass right) => left.CompareTo(right) >= 0;
}
