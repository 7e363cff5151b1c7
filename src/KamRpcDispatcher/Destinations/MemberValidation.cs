using System.Globalization;

namespace KamRpcDispatcher.Destinations;

/// <summary>
/// What a member's fields may hold. Values reach Kamailio's <c>attrs</c> as <c>name=value;name="value"</c>, so whatever could end a value
/// early is not allowed. Each check answers null or a sentence that names what is wrong.
/// </summary>
public static class MemberValidation
{
    public const int MinWeight = 1;

    /// <summary>Kamailio ignores weights over 100 and counts them as none.</summary>
    public const int MaxWeight = 100;

    /// <summary>The highest priority; the planner needs the lower 24 bits of Kamailio's 31 for the order among equals.</summary>
    public const int MaxPriority = 127;

    /// <summary>The highest <c>maxload</c>: a channel each, which no machine has.</summary>
    public const int MaxMaxLoad = 1_000_000;

    /// <summary>The longest slow start, in seconds.</summary>
    public const int MaxSlowStart = 3600;

    public const int MaxNameLength = 128;
    public const int MaxAttributes = 32;
    public const int MaxAttributeLength = 128;
    public const int MaxReasonLength = 256;

    private const string PlainInValues = "._:@/+[]-";

    /// <summary>The entries of <c>attrs</c> that this tool writes itself.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase) { "duid", "kamrpc", "weight", "rweight" };

    public static string? CheckName(string name) =>
        IsToken(name, MaxNameLength, "._:@-")
            ? null
            : $"the name '{SafeText.Shorten(name)}' is not 1 to {MaxNameLength} letters, digits and . _ : @ - beginning with a letter or digit";

    public static string? CheckCluster(string cluster) =>
        IsToken(cluster, MaxNameLength, "._-")
            ? null
            : $"the cluster '{SafeText.Shorten(cluster)}' is not 1 to {MaxNameLength} letters, digits and . _ - beginning with a letter or digit";

    public static string? CheckWeight(long weight) =>
        weight is >= MinWeight and <= MaxWeight ? null : $"the weight {weight} is not from {MinWeight} to {MaxWeight}";

    public static string? CheckSlowStart(long seconds) =>
        seconds is >= 1 and <= MaxSlowStart ? null : $"slowStart is {seconds}, and not from 1 to {MaxSlowStart} seconds";

    /// <summary>The zone that a proxy prefers: a label's value, and not an empty one.</summary>
    public static string? CheckZone(string zone) => zone.Length == 0 ? "the zone is empty" : CheckLabel(ZonePreference.Label, zone);

    public static string? CheckPriority(long priority) =>
        priority is >= 0 and <= MaxPriority ? null : $"the priority {priority} is not from 0 to {MaxPriority}";

    public static string? CheckAttribute(string name, string value)
    {
        if (CheckEntryName("attribute", name) is { } error)
        {
            return error;
        }

        if (value.Length > MaxAttributeLength || value.AsSpan().ContainsAnyExceptInRange(' ', '~') || value.AsSpan().ContainsAny('"', '\\'))
        {
            return $"the value '{SafeText.Shorten(value)}' of the attribute '{name}' is not up to {MaxAttributeLength} characters of ASCII without \" and \\ (kamrpc puts it in quotes where it needs them)";
        }

        if (Reserved.Contains(name))
        {
            return $"the attribute '{name}' is written by kamrpc itself";
        }

        // Those that Kamailio reads itself; it takes what is no number for 0, and says nothing.
        return name switch
        {
            "maxload" when !IsNumber(value, 1, MaxMaxLoad) => $"the attribute 'maxload' is not a number from 1 to {MaxMaxLoad}: '{SafeText.Shorten(value)}'",
            "cc" when value is not ("0" or "1") => $"the attribute 'cc' is neither 0 nor 1: '{SafeText.Shorten(value)}'",
            _ => null,
        };
    }

    /// <summary>An attribute's name, wherever it is given without a value.</summary>
    public static string? CheckAttributeName(string name) => CheckEntryName("attribute", name);

    public static string? CheckLabel(string name, string value) => CheckEntryName("label", name) ?? (value.Length <= MaxAttributeLength && value.All(IsPlainInAttribute)
        ? null
        : $"the value '{SafeText.Shorten(value)}' of the label '{name}' is not up to {MaxAttributeLength} letters, digits and . _ : @ / + [ ] -");

    public static string? CheckCount(string what, int count) =>
        count <= MaxAttributes ? null : $"{count} {what}, more than {MaxAttributes}";

    /// <summary>Whether the character needs no quotes in a value of <c>attrs</c>.</summary>
    internal static bool IsPlainInAttribute(char c) => char.IsAsciiLetterOrDigit(c) || PlainInValues.Contains(c, StringComparison.Ordinal);

    private static string? CheckEntryName(string what, string name) => IsToken(name, MaxAttributeLength, "_-")
        ? null
        : $"the {what} name '{SafeText.Shorten(name)}' is not 1 to {MaxAttributeLength} letters, digits and _ - beginning with a letter or digit";

    private static bool IsNumber(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most;

    private static bool IsToken(string text, int longest, string alsoAllowed) =>
        text.Length > 0
        && text.Length <= longest
        && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || alsoAllowed.Contains(c, StringComparison.Ordinal));
}
