using System.Text.RegularExpressions;
using KamRpcDispatcher.Doctor.Config;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>Whether the snippet's route is called, and whether every route that is named is there: <c>kamailio -c</c> looks none of them up.</summary>
internal static partial class RouteChecks
{
    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["route"] = "route", ["t_on_branch"] = "branch_route", ["t_on_failure"] = "failure_route", ["t_on_reply"] = "onreply_route",
    };

    public static IEnumerable<SnippetFinding> Of(SnippetUse use) => [.. Called(use), .. Missing(use), .. DuplicateChecks.Of(use)];

    private static IEnumerable<SnippetFinding> Called(SnippetUse use)
    {
        const string Name = "route";
        const string Fix = $"route({SnippetNames.Route}); where the first request of a call leaves your config; for Debian's own config: kamrpc cfg --stock";
        if (use.Head is null)
        {
            yield break;
        }

        if (use.Calls.Count == 0)
        {
            var skipped = use.Config.Lines.FirstOrDefault(static line => line is { Word: ConfigWord.Call, Name: SnippetNames.Route });
            yield return skipped is null
                ? new SnippetFinding(Name, Severity.Error, use.Head.Place, $"nothing calls route({SnippetNames.Route}): no call goes to the servers", Fix)
                : new SnippetFinding(
                    Name, Severity.Error, skipped.Place, $"route({SnippetNames.Route}) is called only inside {skipped.Within}, which is off: no call goes to the servers", "take the condition away, or move the call out of it");
        }
        else if (!IsReached(use))
        {
            var call = use.Calls[0];
            yield return new SnippetFinding(Name, Severity.Error, call.Place, $"route({SnippetNames.Route}) is called in {call.Route} only, which nothing calls: no call goes to the servers", $"call {call.Route} too, or the snippet's route elsewhere");
        }
    }

    /// <summary>Whether Kamailio comes to a call from a block that it runs itself. A name that is computed may be any.</summary>
    private static bool IsReached(SnippetUse use)
    {
        var calls = use.Config.Calls.Where(static call => call.Function == "route").ToLookup(static call => call.Route);
        var pending = new Stack<string>(use.Config.Calls.Select(static call => call.Route).Where(static block => !block.StartsWith("route[", StringComparison.Ordinal)));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (pending.TryPop(out var block))
        {
            foreach (var call in seen.Add(block) ? calls[block] : [])
            {
                if (call.Arguments is [SnippetNames.Route] || !IsName(call.Arguments))
                {
                    return true;
                }

                pending.Push($"route[{call.Arguments[0]}]");
            }
        }

        return false;
    }

    private static IEnumerable<SnippetFinding> Missing(SnippetUse use)
    {
        // What could not be read may have them.
        if (use.Config.Unread.Count > 0 || use.Head is null)
        {
            return [];
        }

        var blocks = use.Blocks.Select(static line => line.Name).ToHashSet(StringComparer.Ordinal);
        return (
            from call in use.Config.Calls
            where Kinds.ContainsKey(call.Function) && call.IsCertain && IsName(call.Arguments) && call.Arguments[0] != "0"
            let block = $"{Kinds[call.Function]}[{call.Arguments[0]}]"
            where !blocks.Contains(block)

            // Where a define names the route it is the define that is wrong.
            let define = use.Config.Lines.LastOrDefault(line => line.Word == ConfigWord.Define && line.Name == call.Text.Trim() && line.State != Condition.No)
            select new SnippetFinding(
                "missing-route",
                Severity.Error,
                define?.Place ?? call.Place,
                define is null ? $"{call.Function}({call.Text.Trim()}): there is no {block}; kamailio -c passes, and Kamailio does not start" : $"{define.Name} names {block}, which is not there; kamailio -c passes, and Kamailio does not start",
                "write the block, or correct the name")).Distinct();
    }

    private static bool IsName(IReadOnlyList<string> arguments) => arguments is [var name] && PlainName().IsMatch(name);

    [GeneratedRegex(@"^[\w:.-]+$")]
    private static partial Regex PlainName();
}
