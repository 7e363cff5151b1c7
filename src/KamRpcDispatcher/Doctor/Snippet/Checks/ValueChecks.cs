using KamRpcDispatcher.Doctor.Config;

namespace KamRpcDispatcher.Doctor.Snippet.Checks;

/// <summary>Values that <c>kamailio -c</c> takes, and with which Kamailio does not start, or no call gets through, or all go to one server, or to a dead one.</summary>
internal sealed class ValueChecks(SnippetUse use)
{
    private const string Algorithm = "KAMRPC_ALG";
    private const string Tries = "KAMRPC_MAX_TRIES";
    private const string Set = "KAMRPC_SET";
    private const string SplitKey = "KAMRPC_SPLIT_KEY";

    private static readonly (string Module, string Name) Pings = ("dispatcher", "ds_ping_reply_codes");

    public static IEnumerable<SnippetFinding> Of(SnippetUse use) => use.Head is null ? [] : new ValueChecks(use).ToList();

    private List<SnippetFinding> ToList() => [.. OfAlgorithms().Distinct(), .. OfTries(), .. OfSet(), .. OfSplitKey(), .. OfPingCodes(), .. OfFailoverCodes()];

    /// <summary>Those of the snippet, and of the config's own calls.</summary>
    private IEnumerable<SnippetFinding> OfAlgorithms() =>
        from call in use.Config.Calls
        where call.IsCertain
        from text in SelectionAlgorithm.NamedIn(call)
        let isOwn = ConfigLine.FileOf(call.Place) != use.File
        let define = isOwn ? null : use.DefinedFor(Algorithm)

        // What is no number may be a define that only Kamailio knows, unless it is the define.
        where define is not null || SelectionAlgorithm.TryParse(text, out _)
        from finding in OfAlgorithm(text, isOwn ? call.Function : Algorithm, define?.Place ?? call.Place)
        select finding;

    private IEnumerable<SnippetFinding> OfAlgorithm(string text, string name, string place)
    {
        const string Name = "algorithm";
        const string RoundRobin = "\"4\", round robin";
        if (text.StartsWith('$'))
        {
            yield break;
        }

        if (!SelectionAlgorithm.TryParse(text, out var algorithm))
        {
            yield return new SnippetFinding(Name, Severity.Error, place, $"{name}: '{text}' is no number of an algorithm; {StartChecks.StartFails}", $"the number of one in quotes, such as {RoundRobin}");
        }
        else if (SelectionAlgorithm.WhyUnknown(algorithm, release: null) is { } unknown)
        {
            yield return new SnippetFinding(Name, Severity.Error, place, $"{name}: {unknown}", $"one that Kamailio has, such as {RoundRobin}");
        }
        else if (algorithm == SelectionAlgorithm.VariableHash && SelectionAlgorithm.HasVariable(use.Config) is false)
        {
            yield return new SnippetFinding(Name, Severity.Error, place, $"{name}: {SelectionAlgorithm.NoVariable}", SelectionAlgorithm.SetVariable);
        }
        else if (algorithm == SelectionAlgorithm.CallLoad && use.Config.Unread.Count == 0 && !use.Config.Of("dispatcher", "ds_hash_size").Any(static line => line.Number is null or > 0))
        {
            yield return new SnippetFinding(
                Name, Severity.Error, place, $"{name}: algorithm 10 goes by calls, and none are counted (ds_hash_size of dispatcher): every call goes to the first destination of its set", "#!define KAMRPC_CALL_LOAD above the include");
        }
    }

    private IEnumerable<SnippetFinding> OfTries() =>
        use.DefinedFor(Tries) is var (value, place) && value is not ['$', ..] && !SelectionAlgorithm.TryParse(value, out _)
            ? [new SnippetFinding("defines", Severity.Error, place, $"{Tries}: '{value}' is no number; {StartChecks.StartFails}", $"#!define {Tries} \"5\"")]
            : [];

    private IEnumerable<SnippetFinding> OfSet() =>
        use.DefinedFor(Set) is var (value, place) && value is not ['$', ..] && !SelectionAlgorithm.TryParse(value, out _)
            ? [new SnippetFinding("defines", Severity.Error, place, $"{Set}: '{value}' is no number of a set: every call that has none in $avp(kamrpc_set) gets 503", $"#!define {Set} 1")]
            : [];

    private IEnumerable<SnippetFinding> OfSplitKey() =>
        use.DefinedFor(SplitKey) is var (value, place) && value is not ("call" or "caller")
            ? [new SnippetFinding("defines", Severity.Warning, place, $"{SplitKey}: '{value}' is neither call nor caller: the calls of a set that is split are shared by call", $"#!define {SplitKey} \"caller\"")]
            : [];

    private IEnumerable<SnippetFinding> OfPingCodes()
    {
        const string Name = "ping-codes";
        if (use.Config.Of(Pings.Module, Pings.Name).LastOrDefault() is not { IsCertain: true } parameter)
        {
            yield break;
        }

        var name = SnippetUse.NameOf(Pings.Module, Pings.Name);
        if (PingCodes.CountingSilence(parameter.Value) is { Count: > 0 } silence)
        {
            yield return new SnippetFinding(
                Name,
                Severity.Error,
                use.PlaceOf(parameter),
                $"{name} has {string.Join(" and ", silence)} in it: {PingCodes.Consequence}",
                $"#!define {name} \"{PingCodes.Without(parameter.Value, silence)}\", and of class 4 the codes one by one, such as code=404");
        }

        if (PingCodes.WithoutEffect(parameter.Value) is { Count: > 0 } others)
        {
            yield return new SnippetFinding(
                Name,
                Severity.Warning,
                use.PlaceOf(parameter),
                $"{name}: Kamailio passes over {string.Join(" and ", others)}, which is neither code=100 to 699 nor class=1 to 6: such an answer proves no server alive",
                "class=2;code=404 is how they are written");
        }
    }

    private IEnumerable<SnippetFinding> OfFailoverCodes()
    {
        const string Name = "defines";
        if (use.DefinedFor(FailoverCodes.Define) is not var (value, place))
        {
            yield break;
        }

        if (FailoverCodes.WhyNoExpression(value) is { } reason)
        {
            yield return new SnippetFinding(Name, Severity.Error, place, $"{FailoverCodes.Define} is no regular expression ({reason}): {StartChecks.StartFails}", $"such as {FailoverCodes.Usual}");
        }
        else if (FailoverCodes.MatchesAll(value))
        {
            yield return new SnippetFinding(Name, Severity.Warning, place, $"{FailoverCodes.Define}: \"{value}\" {FailoverCodes.Consequence}", $"such as {FailoverCodes.Usual}, without an empty alternative");
        }
    }
}
