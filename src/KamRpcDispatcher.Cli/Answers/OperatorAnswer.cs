using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc drain</c> and <c>kamrpc resume</c> did.</summary>
/// <param name="wish">What was asked for.</param>
/// <param name="outcome">What was written.</param>
/// <param name="state">How the proxies were with it in the end; null where nobody waited for them.</param>
internal sealed class OperatorAnswer(IntentWish wish, IntentOutcome outcome, AppliedState? state)
{
    /// <summary>As many proxies are named in a sentence.</summary>
    private const int MostNamed = 3;

    private string Wish => wish == IntentWish.Drain ? "drain" : "resume";

    public override string ToString()
    {
        var table = new TextTable("SET", "NAME", "WISH", "BEFORE", "PROXIES") { Width = Terminal.Width };
        foreach (var change in outcome.Changed.Concat(outcome.Unchanged).OrderBy(static change => change.Key))
        {
            table.Add(Ages.Number(change.Key.Set), change.Key.Name, Wish, Name(change.Was), Proxies(change));
        }

        return table + Now() + "\n";
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        JsonText.WriteNumber(writer, "revision", outcome.Revision);
        JsonText.WriteBoolean(writer, "applied", state?.IsApplied);
        JsonText.WriteArray(writer, "changed", outcome.Changed, Write);
        JsonText.WriteArray(writer, "unchanged", outcome.Unchanged, Write);
        JsonText.WriteArray(writer, "proxies", state?.Proxies ?? [], static (json, proxy) =>
        {
            json.WriteString("name", proxy.Name);
            json.WriteBoolean("applied", proxy.IsApplied);
            json.WriteString("why", proxy.Missing);
        });

        void Write(Utf8JsonWriter json, IntentChange change)
        {
            json.WriteNumber("set", change.Key.Set);
            json.WriteString("name", change.Key.Name);
            json.WriteString("wish", Wish);
            json.WriteString("was", Name(change.Was));
        }
    });

    private static string Name(MemberBefore before) => before switch
    {
        MemberBefore.Ready => "ready",
        MemberBefore.Draining => "draining",
        MemberBefore.Down => "down",
        MemberBefore.Drained => "drained",
        MemberBefore.Absent => "absent",
        MemberBefore.Held => "held",
        _ => "unusable",
    };

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

    /// <summary>What is so now.</summary>
    private string Now()
    {
        var who = Ages.Count(outcome.Changed.Count + outcome.Unchanged.Count, "member");
        var isOne = outcome.Changed.Count + outcome.Unchanged.Count == 1;
        var so = wish == IntentWish.Drain ? $"{who} {(isOne ? "gets" : "get")} no new calls" : $"{who} {(isOne ? "is" : "are")} what {(isOne ? "it announces" : "they announce")}";
        if (outcome.Revision is not { } revision)
        {
            return outcome.Changed.Count > 0
                ? "Written, but the answer was lost: whether the proxies have applied it is not known here, see 'kamrpc status'."
                : "Nothing to do: nobody is drained. Whether every proxy has done an earlier resume is not known here: see 'kamrpc status'.";
        }

        var written = outcome.Changed.Count > 0 ? FormattableString.Invariant($"Written at revision {revision}") : FormattableString.Invariant($"So it was written at revision {revision} already");
        return state switch
        {
            null => $"{written}; whether the proxies have applied it is not waited for.",
            { IsApplied: true } => $"{so}: applied and read back by {Names(state.Proxies)}.",
            _ when state.Proxies.All(static proxy => !proxy.IsApplied) => $"{written}, and NOT known to be applied by anybody.",
            _ => $"{written}; applied by {Names(state.Proxies.Where(static proxy => proxy.IsApplied))}, and NOT known to be by {(state.Proxies.Any(static proxy => !proxy.IsApplied) ? Names(state.Proxies.Where(static proxy => !proxy.IsApplied)) : $"anybody in set {SetText.Numbers(state.Unserved)}")}.",
        };
    }

    private static string Names(IEnumerable<AppliedProxy> proxies)
    {
        List<string> names = [.. proxies.Select(static proxy => proxy.Name)];
        return string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? FormattableString.Invariant($" and {names.Count - MostNamed} more") : string.Empty);
    }
}
