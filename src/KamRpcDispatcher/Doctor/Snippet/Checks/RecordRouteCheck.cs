using KamRpcDispatcher.Doctor.Config;

namespace KamRpcDispatcher.Doctor.Snippet.Checks;

/// <summary>Whether a call passes <c>record_route()</c> twice on its way to the snippet, so that every later request goes round through Kamailio twice.</summary>
internal sealed class RecordRouteCheck
{
    private const string Name = "record-route";

    /// <summary>More steps than any script needs that a person wrote; a route may be called from many places, each of which is gone through.</summary>
    private const int MostSteps = 20_000;

    private readonly ILookup<string, (RouteBlock Block, IReadOnlyList<ScriptStatement> Body)> _routes;
    private readonly HashSet<string> _within = new(StringComparer.Ordinal);
    private List<int>? _longest;
    private int _steps;

    private RecordRouteCheck(KamailioConfig config)
    {
        var blocks = new RouteBlocks(config.Text).All.Where(static block => block.Kind is "route" or "request_route");
        _routes = blocks.Select(static block => (block, ScriptParser.Parse(block.Body))).ToLookup(static one => one.block.Name, static one => (one.block, one.Item2));
    }

    public static IEnumerable<SnippetFinding> Of(SnippetUse use)
    {
        var check = new RecordRouteCheck(use.Config);
        foreach (var (block, body) in check._routes[string.Empty])
        {
            check.Walk(block, body, []);
        }

        if (use.Head is null || check._longest is not { } longest || check._steps > MostSteps)
        {
            return [];
        }

        return longest switch
        {
            [] => [new SnippetFinding(Name, Severity.Note, use.Calls[0].Place, "no record_route() comes before it: requests within a call go past Kamailio, if the parties reach each other", "if (is_method(\"INVITE\")) record_route(); before it")],
            [_] => [],
            [.., var first, var second] =>
            [
                new SnippetFinding(
                    Name, Severity.Error, use.Config.PlaceOf(second), $"record_route() comes a second time on the way to route({SnippetNames.Route}), after {use.Config.PlaceOf(first)}: every call gets two Record-Route headers", "take one of them out"),
            ],
        };
    }

    /// <summary>Goes the ways that the first request of a call may go.</summary>
    /// <returns>The calls of <c>record_route()</c> on the longest of them behind the statements, and where they end the block; null where no way leads.</returns>
    private (List<int>? Next, List<int>? Returned) Walk(RouteBlock block, IReadOnlyList<ScriptStatement> statements, List<int> before)
    {
        List<int>? next = before, returned = null;
        foreach (var statement in statements)
        {
            if (next is null || ++_steps > MostSteps)
            {
                break;
            }

            switch (statement)
            {
                case ScriptStatement.End end:
                    (next, returned) = (null, end.IsReturn ? Longest(returned, next) : returned);
                    break;
                case ScriptStatement.Call { Function: "record_route" or "record_route_preset" or "record_route_advertised_address" } call:
                    next = [.. next, block.Start + call.Index];
                    break;
                case ScriptStatement.Call { Function: "route", Argument: SnippetNames.Route }:
                    _longest = Longest(_longest, next);
                    next = null;
                    break;
                case ScriptStatement.Call { Function: "route" } call:
                    next = Route(call.Argument, next);
                    break;
                case ScriptStatement.Fork fork:
                    var holds = InitialInvite.Evaluate(fork.Condition);
                    var then = holds is false ? (null, null) : Walk(block, fork.Then, next);
                    var otherwise = holds is true ? (null, null) : Walk(block, fork.Else, next);
                    (next, returned) = (Longest(then.Next, otherwise.Next), Longest(returned, Longest(then.Returned, otherwise.Returned)));
                    break;
            }
        }

        return (next, returned);
    }

    private List<int>? Route(string name, List<int> before)
    {
        if (_routes[name].FirstOrDefault() is not { Block: { } block } route || !_within.Add(name))
        {
            return before;
        }

        var (next, returned) = Walk(block, route.Body, before);
        _within.Remove(name);
        return Longest(next, returned);
    }

    private static List<int>? Longest(List<int>? one, List<int>? other) => one is null || other?.Count > one.Count ? other : one;
}
