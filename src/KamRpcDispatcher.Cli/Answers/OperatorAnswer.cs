using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc drain</c>, <c>kamrpc resume</c> and <c>kamrpc proxy</c> did.</summary>
/// <param name="wish">What was asked for.</param>
/// <param name="isOfProxies">Whether of proxies, and not of members.</param>
/// <param name="outcome">What was written.</param>
/// <param name="state">How the proxies were with it in the end; null where nobody waited for them.</param>
internal sealed class OperatorAnswer(IntentWish wish, IntentOutcome outcome, AppliedState? state, bool isOfProxies = false)
{
    /// <summary>As many proxies are named in a sentence.</summary>
    private const int MostNamed = 3;

    public OperatorAnswer(IntentCommand command, IntentOutcome outcome, AppliedState? state)
        : this(command.Wish, outcome, state, command.Selection is ProxySelection) =>
        (Weight, By) = (command.Weight, command.By);

    /// <summary>What calls were up in the end; null where nobody waited for these.</summary>
    public IdleState? Calls { get; init; }

    /// <summary>The weight that was asked for; null for the announced one, and where none was.</summary>
    private int? Weight { get; init; }

    /// <summary>Who asked.</summary>
    private string By { get; init; } = string.Empty;

    private string Wish => IntentWishText.Of(wish);

    public override string ToString()
    {
        string[] headers = isOfProxies ? ["PROXY", "WISH", "BEFORE", "FOLLOWED"] : wish == IntentWish.Weigh ? ["SET", "NAME", "WEIGHT", "BEFORE", "PROXIES"] : Calls is null ? ["SET", "NAME", "WISH", "BEFORE", "PROXIES"] : ["SET", "NAME", "WISH", "BEFORE", "PROXIES", "CALLS"];
        var table = new TextTable(headers) { Width = Terminal.Width };
        foreach (var change in outcome.Changed.Concat(outcome.Unchanged).OrderBy(static change => change.Subject))
        {
            if (change.Subject.Proxy is { } proxy)
            {
                table.Add(proxy, Wish, MemberBeforeText.Of(change.Was), Followed(change));
                continue;
            }

            Cell[] cells = wish == IntentWish.Weigh
                ? [Ages.Number(change.Key.Set), change.Key.Name, Weight is { } weight ? Ages.Number(weight) : "announced", change.WeightBefore is { } before ? Ages.Number(before) : "none", Proxies(change)]
                : [Ages.Number(change.Key.Set), change.Key.Name, Wish, MemberBeforeText.Of(change.Was), Proxies(change)];
            table.Add(Calls is null ? cells : [.. cells, Up(change)]);
        }

        return table + ForecastAnswer.Text(outcome.Forecast) + Now() + Idle() + "\n" + Earlier();
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        JsonText.WriteNumber(writer, "revision", outcome.Revision);
        if (outcome.Result == IntentResult.Planned)
        {
            writer.WriteBoolean("dryRun", true);
            ForecastAnswer.Write(writer, outcome.Forecast);
        }

        JsonText.WriteBoolean(writer, "applied", state?.IsApplied);
        JsonText.WriteArray(writer, "changed", outcome.Changed, Write);
        JsonText.WriteArray(writer, "unchanged", outcome.Unchanged, Write);
        WriteProxies(writer, state);
        JsonText.WriteBoolean(writer, "idle", Calls?.IsIdle);
        JsonText.WriteArray(writer, "calls", Calls?.Members ?? [], static (json, member) =>
        {
            json.WriteNumber("set", member.Key.Set);
            json.WriteString("name", member.Key.Name);
            JsonText.WriteNumber(json, "calls", member.Count?.Calls);
            JsonText.WriteNumber(json, "channels", member.Count?.Channels);
            JsonText.WriteNumber(json, "ageSeconds", member.Age?.TotalSeconds);
            json.WriteString("countedBy", IntentJson.CountedBy(member.Count));
            json.WriteBoolean("idle", member.IsIdle);
            json.WriteString("unknown", member.Unknown);
        });

        void Write(Utf8JsonWriter json, IntentChange change)
        {
            JsonText.WriteNumber(json, "set", change.Subject.Proxy is null ? (long?)change.Key.Set : null);
            json.WriteString("name", change.Subject.Proxy ?? change.Key.Name);
            json.WriteString("wish", Wish);
            json.WriteString("was", MemberBeforeText.Of(change.Was));
            WriteEarlier(json, change.Earlier);
            if (wish == IntentWish.Weigh)
            {
                JsonText.WriteNumber(json, "weight", Weight);
                JsonText.WriteNumber(json, "weightBefore", change.WeightBefore);
            }
        }
    });

    private static void WriteEarlier(Utf8JsonWriter json, Intent? earlier)
    {
        if (earlier is null)
        {
            json.WriteNull("earlier");
            return;
        }

        json.WriteStartObject("earlier");
        IntentJson.WriteOrigin(json, earlier);
        json.WriteEndObject();
    }

    /// <summary>What others had wished, a line for each of them: they may rely on it.</summary>
    private string Earlier() => string.Concat(outcome.Changed.Where(static change => change.Earlier is not null).GroupBy(static change => IntentOrigin.Of(change.Earlier!)).Select(of =>
    {
        List<string> names = [.. of.Select(static change => SafeText.Shorten(change.Subject.Proxy ?? change.Key.Name, MemberValidation.MaxNameLength)).Distinct()];
        var who = $"{string.Join(", ", names.Take(MostNamed))}{(names.Count > MostNamed ? FormattableString.Invariant($" and {names.Count - MostNamed} more") : string.Empty)}";
        var state = outcome.Result == IntentResult.Planned ? "would be" : "is";
        var (was, whose) = (names.Count == 1 ? "was" : "were", $"{state} {SafeText.Shorten(By)}'s now");
        return wish switch
        {
            IntentWish.Resume => $"{who} {was} drained {of.Key}: that {state} taken back all the same.\n",
            IntentWish.Drain => $"{who} {was} drained {of.Key} already: the drain {whose}, and nobody else takes it back without --force.\n",
            _ => $"{who} had a weight {of.Key}: it {(Weight is null ? $"{state} taken back" : whose)}.\n",
        };
    }));

    /// <summary>How each proxy was with it in the end.</summary>
    internal static void WriteProxies(Utf8JsonWriter writer, AppliedState? state) => JsonText.WriteArray(writer, "proxies", state?.Proxies ?? [], static (json, proxy) =>
    {
        json.WriteString("name", proxy.Name);
        json.WriteBoolean("applied", proxy.IsApplied);
        json.WriteString("why", proxy.Missing);
    });

    /// <summary><c>1 member</c>, <c>2 proxies</c>: of what a command is about.</summary>
    public static string Count(IntentCommand command, int count) => Count(command.Selection is ProxySelection, count);

    private static string Count(bool isOfProxies, int count) => !isOfProxies ? Ages.Count(count, "member") : FormattableString.Invariant($"{count} {(count == 1 ? "proxy" : "proxies")}");

    /// <summary>How many of those that may serve its set have applied it; nothing where nobody waited.</summary>
    private string? Proxies(IntentChange change)
    {
        if (state is null || change.Revision == 0)
        {
            return null;
        }

        List<AppliedProxy> serving = [.. state.Proxies.Where(proxy => proxy.Sets.Contains(change.Key.Set))];
        return FormattableString.Invariant($"{serving.Count(static proxy => proxy.IsApplied)} of {serving.Count}");
    }

    /// <summary><c>none</c>, <c>3 calls, 1s ago</c>, <c>unknown</c>.</summary>
    private string? Up(IntentChange change) => Calls?.Members.FirstOrDefault(member => member.Key == change.Key) is not { } member ? null
        : member.IsIdle ? "none"
        : (member.Unknown is null ? member.Count!.ToString() : "unknown") + (member is { Unknown: null, Age: { } age } ? $", {Ages.Show(age)} ago" : string.Empty);

    private string Idle() => Calls switch
    {
        null => string.Empty,
        { IsIdle: true } => " No calls are up any more.",
        { Members: var members } when members.Any(static member => member.Unknown is not null) => " Whether calls are up is NOT KNOWN of all.",
        _ => " Calls are STILL UP.",
    };

    /// <summary>Whether the proxy follows what is wished of itself; nothing where nobody waited.</summary>
    private string? Followed(IntentChange change) =>
        state is null || change.Revision == 0 ? null : state.Proxies.Any(proxy => proxy.IsApplied && proxy.Name == SafeText.Shorten(change.Subject.Proxy!)) ? "yes" : "no";

    /// <summary>What is so now.</summary>
    private string Now()
    {
        var count = outcome.Changed.Count + outcome.Unchanged.Count;
        var isOne = count == 1;
        var who = Count(isOfProxies, count);
        var so = isOfProxies ? (wish == IntentWish.Drain ? $"{who} {(isOne ? "asks its VIP" : "ask their VIPs")} to leave, and 'kamrpc health' fails there" : $"{who} {(isOne ? "is" : "are")} as healthy as 'kamrpc health' finds {(isOne ? "it" : "them")}")
            : wish == IntentWish.Drain ? $"{who} {(isOne ? "gets" : "get")} no new calls"
            : wish == IntentWish.Weigh ? $"{who} {(isOne ? "has" : "have")} {(Weight is { } weight ? $"the weight {Ages.Number(weight)}" : "the announced weight")}" : $"{who} {(isOne ? "is" : "are")} what {(isOne ? "it announces" : "they announce")}";
        if (outcome.Result == IntentResult.Planned)
        {
            return outcome.Changed.Count > 0 ? $"Nothing is written: a dry run. {Count(isOfProxies, outcome.Changed.Count)} would be changed." : "Nothing would be written: it is so already.";
        }

        if (outcome.Revision is not { } revision)
        {
            return outcome.Changed.Count > 0
                ? "Written, but the answer was lost: whether the proxies have applied it is not known here, see 'kamrpc status'."
                : $"Nothing to do: {(wish == IntentWish.Weigh ? "nobody has a weight by an operator" : isOfProxies ? "none is drained" : "nobody is drained")}. Whether every proxy has done an earlier {(wish == IntentWish.Weigh ? "--reset" : "resume")} is not known here: see 'kamrpc status'.";
        }

        var written = outcome.Changed.Count > 0 ? FormattableString.Invariant($"Written at revision {revision}") : FormattableString.Invariant($"So it was written at revision {revision} already");
        return state switch
        {
            null => $"{written}; whether {(isOfProxies ? "they follow it" : "the proxies have applied it")} is not waited for.",
            { IsApplied: true } when isOfProxies => $"{so}.",
            { IsApplied: true } => $"{so}: applied and read back by {Names(state.Proxies)}.",
            _ when state.Proxies.All(static proxy => !proxy.IsApplied) => $"{written}, and NOT known to be {(isOfProxies ? "followed" : "applied")} by anybody.",
            _ => $"{written}; applied by {Names(state.Proxies.Where(static proxy => proxy.IsApplied))}, and NOT known to be by {(state.Proxies.Any(static proxy => !proxy.IsApplied) ? Names(state.Proxies.Where(static proxy => !proxy.IsApplied)) : $"anybody in set {SetText.Numbers(state.Unserved)}")}.",
        };
    }

    /// <summary>Some of them, and how many more there are.</summary>
    internal static string Names(IEnumerable<AppliedProxy> proxies)
    {
        List<string> names = [.. proxies.Select(static proxy => proxy.Name)];
        return string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? FormattableString.Invariant($" and {names.Count - MostNamed} more") : string.Empty);
    }
}
