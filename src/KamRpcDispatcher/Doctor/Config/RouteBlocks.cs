using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>A routing block.</summary>
/// <param name="Kind">The word before its name: <c>route</c>, <c>event_route</c> ...</param>
/// <param name="Name">Its name; empty when it has none.</param>
/// <param name="Start">Where its body begins in the text.</param>
/// <param name="Body">What stands between its braces.</param>
internal sealed record RouteBlock(string Kind, string Name, int Start, string Body);

/// <summary>The routes of a Kamailio configuration, found by their braces: not a parser, and what it finds too much does no harm.</summary>
internal sealed partial class RouteBlocks
{
    private readonly List<RouteBlock> _blocks = [];

    /// <param name="text">A configuration without comments.</param>
    public RouteBlocks(string text)
    {
        foreach (Match head in Head().Matches(text))
        {
            var start = head.Index + head.Length;
            _blocks.Add(new RouteBlock(head.Groups["word"].Value, head.Groups["name"].Value.Trim('"', '\''), start, Body(text, start)));
        }
    }

    public IReadOnlyList<RouteBlock> All => _blocks;

    /// <summary>Whether the text of an event route, or of a route that it may call, is found by the condition. One that is called by a name that is computed may be any.</summary>
    public bool AnyEventRoute(Func<string, bool> condition)
    {
        var bodies = _blocks.ToLookup(static block => block.Name, static block => block.Body);
        var pending = new Stack<string>(_blocks.Where(static block => block.Kind == "event_route").Select(static block => block.Body));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (pending.TryPop(out var body))
        {
            if (condition(body) || ComputedCall().IsMatch(body))
            {
                return true;
            }

            foreach (Match word in Word().Matches(body))
            {
                if (seen.Add(word.Value))
                {
                    foreach (var called in bodies[word.Value])
                    {
                        pending.Push(called);
                    }
                }
            }
        }

        return false;
    }

    /// <summary>What follows an opening brace, up to the one that closes it.</summary>
    private static string Body(string text, int start)
    {
        var (depth, quote) = (1, '\0');
        for (var index = start; index < text.Length; index++)
        {
            var now = text[index];
            if (quote != '\0')
            {
                if (now == '\\')
                {
                    index++;
                }
                else if (now == quote)
                {
                    quote = '\0';
                }
            }
            else if (now is '"' or '\'')
            {
                quote = now;
            }
            else if (now == '{')
            {
                depth++;
            }
            else if (now == '}' && --depth == 0)
            {
                return text[start..index];
            }
        }

        return text[start..];
    }

    [GeneratedRegex(@"\b(?<word>event_route|(?:\w+_)?route)\s*(?:\[\s*(?<name>[^\]\n]*?)\s*\])?\s*\{")]
    private static partial Regex Head();

    [GeneratedRegex(@"[\w:.-]+")]
    private static partial Regex Word();

    [GeneratedRegex("""\broute(?:_if_exists)?\s*\(\s*["']?\s*\$""")]
    private static partial Regex ComputedCall();
}
