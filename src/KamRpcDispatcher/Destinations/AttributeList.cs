namespace KamRpcDispatcher.Destinations;

/// <summary>
/// Reads <c>attrs</c> as Kamailio does: <c>name=value;name="value"</c>, where a <c>;</c> within quotes belongs to the value. Of several with one
/// name the first counts.
/// </summary>
public static class AttributeList
{
    /// <summary>The value of a name, to the letter and with its quotes; null where there is none.</summary>
    public static string? FindExact(string attributes, string name) => Find(attributes, name, isExact: true);

    /// <summary>The value of a name as Kamailio takes it: whatever the case of the name, without quotes and the spaces around; null where there is none.</summary>
    public static string? Find(string attributes, string name) => Find(attributes, name, isExact: false);

    /// <summary>A value as it has to stand there: in quotes where it would not be read whole without.</summary>
    public static string Quoted(string value) => value.Length > 0 && value.All(MemberValidation.IsPlainInAttribute) ? value : $"\"{value}\"";

    /// <summary>Every name with its value, in their order, as Kamailio takes them: without quotes and the spaces around.</summary>
    public static IEnumerable<(string Name, string Value)> All(string attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        for (var rest = attributes; rest.Length > 0;)
        {
            var (end, equals) = Measure(rest);
            if (equals >= 0)
            {
                yield return (rest[..equals].Trim(), Unquoted(rest.AsSpan()[(equals + 1)..end].Trim()).ToString());
            }

            rest = end < rest.Length ? rest[(end + 1)..] : string.Empty;
        }
    }

    private static string? Find(string attributes, string name, bool isExact)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        var rest = attributes.AsSpan();
        while (!rest.IsEmpty)
        {
            var (end, equals) = Measure(rest);
            if (equals >= 0)
            {
                var found = rest[..equals];
                var value = rest[(equals + 1)..end];
                if (isExact && found.SequenceEqual(name))
                {
                    return value.ToString();
                }

                if (!isExact && found.Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return Unquoted(value.Trim()).ToString();
                }
            }

            rest = end < rest.Length ? rest[(end + 1)..] : [];
        }

        return null;
    }

    /// <summary>Where the first entry ends, and where its equals sign is; -1 where it has none.</summary>
    private static (int End, int EqualsAt) Measure(ReadOnlySpan<char> text)
    {
        var end = text.IndexOf(';') is var first and >= 0 ? first : text.Length;
        var equals = text[..end].IndexOf('=');
        var start = equals + 1;
        while (equals >= 0 && start < text.Length && text[start] == ' ')
        {
            start++;
        }

        if (equals < 0 || start >= text.Length || text[start] is not ('"' or '\''))
        {
            return (end, equals);
        }

        var quote = text[start];
        var at = start + 1;
        while (at < text.Length && text[at] != quote)
        {
            at += text[at] == '\\' ? 2 : 1;
        }

        // Without a closing quote Kamailio takes none of it.
        var after = at < text.Length ? text[at..].IndexOf(';') : -1;
        return (after < 0 ? text.Length : at + after, equals);
    }

    private static ReadOnlySpan<char> Unquoted(ReadOnlySpan<char> value) =>
        value.Length > 1 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1] : value;
}
