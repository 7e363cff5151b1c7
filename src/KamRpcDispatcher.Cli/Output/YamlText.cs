using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>Writes JSON as YAML 1.2 in blocks. Texts that could be taken for anything else stand in double quotes.</summary>
internal static class YamlText
{
    private const int Step = 2;

    public static string Of(string json)
    {
        using var document = JsonDocument.Parse(json);
        var text = new StringBuilder();
        Append(text, document.RootElement, 0, isInline: false);
        return text.ToString();
    }

    /// <param name="text">What there is so far.</param>
    /// <param name="value">What follows.</param>
    /// <param name="indent">Of its lines.</param>
    /// <param name="isInline">Whether the first line is begun already.</param>
    private static void Append(StringBuilder text, JsonElement value, int indent, bool isInline)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var field in value.EnumerateObject())
                {
                    text.Append(' ', isInline ? 0 : indent).Append(Scalar(field.Name)).Append(':');
                    AppendBelow(text, field.Value, indent + Step);
                    isInline = false;
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    text.Append(' ', isInline ? 0 : indent).Append('-');
                    isInline = false;
                    if (IsBlock(item))
                    {
                        text.Append(' ');
                        Append(text, item, indent + Step, isInline: true);
                    }
                    else
                    {
                        text.Append(' ').Append(Flow(item)).Append('\n');
                    }
                }

                break;
            default:
                text.Append(Flow(value)).Append('\n');
                break;
        }
    }

    private static void AppendBelow(StringBuilder text, JsonElement value, int indent)
    {
        if (IsBlock(value))
        {
            text.Append('\n');
            Append(text, value, indent, isInline: false);
        }
        else
        {
            text.Append(' ').Append(Flow(value)).Append('\n');
        }
    }

    private static bool IsBlock(JsonElement value) =>
        (value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any()) || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0);

    private static string Flow(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "{}",
        JsonValueKind.Array => "[]",
        JsonValueKind.String => Scalar(value.GetString()!),
        _ => value.GetRawText(),
    };

    private static string Scalar(string text) => IsPlain(text) ? text : Quoted(text);

    /// <summary>A word that no version of YAML takes for a boolean, for null or for a number.</summary>
    private static bool IsPlain(string text) => text.Length > 0 && char.IsAsciiLetter(text[0]) && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
        && text.ToUpperInvariant() is not ("TRUE" or "FALSE" or "YES" or "NO" or "ON" or "OFF" or "Y" or "N" or "NULL");

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            quoted.Append(rune.Value switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                >= ' ' and <= '~' => rune.ToString(),
                <= 0xffff => "\\u" + rune.Value.ToString("x4", CultureInfo.InvariantCulture),
                _ => "\\U" + rune.Value.ToString("x8", CultureInfo.InvariantCulture),
            });
        }

        return quoted.Append('"').ToString();
    }
}
