using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Snippet.Checks;

/// <summary>Whether the snippet's route is called, and whether every route that is named is there: <c>kamailio -c</c> looks none of them up.</summary>
internal static class RouteChecks
{
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
                if (call.Arguments is [SnippetNames.Route] || !MissingRoutes.IsName(call.Arguments))
                {
                    return true;
                }

                pending.Push($"route[{call.Arguments[0]}]");
            }
        }

        return false;
    }

    private static IEnumerable<SnippetFinding> Missing(SnippetUse use) => use.Head is null ? [] :
        (from missing in MissingRoutes.Of(use.Config)
         let call = missing.Call

         // Where a define names the route it is the define that is wrong.
         let define = use.Config.Lines.LastOrDefault(line => line.Word == ConfigWord.Define && line.Name == call.Text.Trim() && line.State != Condition.No)
         select new SnippetFinding(
             "missing-route",
             MissingRoutes.IsCalled(call) ? Severity.Error : Severity.Warning,
             define?.Place ?? call.Place,
             $"{(define is null ? $"{call.Function}({call.Text.Trim()}): there is no {missing.Block}" : $"{define.Name} names {missing.Block}, which is not there")}; {(MissingRoutes.IsCalled(call) ? StartChecks.StartFails : MissingRoutes.LeftOut)}",
             "write the block, or correct the name")).Distinct();
}
