using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Testing;

/// <summary>Which objects a request means: <c>name=value</c>, <c>name!=value</c>, <c>name in (a,b)</c> and <c>name</c>, all of them together.</summary>
internal static partial class LabelSelector
{
    /// <exception cref="FormatException">It is none.</exception>
    public static Predicate<JsonObject> Parse(string? text)
    {
        var wanted = new List<Predicate<JsonObject>>();
        foreach (var part in Comma().Split(text ?? string.Empty).Where(static part => part.Length > 0))
        {
            var match = Requirement().Match(part);
            if (!match.Success)
            {
                throw new FormatException($"unable to parse requirement: {part}");
            }

            var (name, sign, value) = (match.Groups["name"].Value, match.Groups["sign"].Value.Trim(), match.Groups["value"].Value);
            wanted.Add(sign switch
            {
                "" => slice => LabelOf(slice, name) is not null,
                "!=" => slice => LabelOf(slice, name) != value,
                "in" => slice => LabelOf(slice, name) is { } label && value.Trim('(', ')').Split(',').Contains(label),
                _ => slice => LabelOf(slice, name) == value,
            });
        }

        return slice => wanted.TrueForAll(one => one(slice));
    }

    private static string? LabelOf(JsonObject slice, string name) => slice["metadata"]?["labels"]?[name]?.GetValue<string>();

    [GeneratedRegex(@",(?![^(]*\))")]
    private static partial Regex Comma();

    [GeneratedRegex(@"^(?<name>[A-Za-z0-9./_-]+)(?:(?<sign>==?|!=| in )(?<value>[A-Za-z0-9._-]*|\([^)]*\)))?$")]
    private static partial Regex Requirement();
}
