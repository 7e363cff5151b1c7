using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate.Declared;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc apply</c> is about to do, and what it did.</summary>
/// <param name="command">What was asked for.</param>
/// <param name="outcome">What came of it.</param>
/// <param name="state">How the proxies were with it in the end; null where nobody waited for them.</param>
internal sealed class ApplyAnswer(SiteCommand command, SiteOutcome outcome, AppliedState? state)
{
    /// <summary>A line for each change, and one that counts them.</summary>
    public string ToPlan(Layout layout)
    {
        var table = layout.Rows("CHANGE", "SET", "NAME", "WHAT");
        foreach (var change in outcome.Changes)
        {
            table.Add(change.Kind switch { SiteChangeKind.Add => "+", SiteChangeKind.Remove => "-", _ => "~" }, Ages.Number(change.Set), change.Name, $"{change.Before} -> {change.After}");
        }

        return FormattableString.Invariant($"{table}Plan: {Count(SiteChangeKind.Add)} to add, {Count(SiteChangeKind.Change)} to change, {Count(SiteChangeKind.Remove)} to remove.\n{ForecastAnswer.Text(outcome.Forecast)}");
    }

    /// <summary>What is so now.</summary>
    public override string ToString() => Now() + "\n";

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        writer.WriteString("owner", command.Owner);
        JsonText.WriteNumber(writer, "revision", outcome.Revision);
        writer.WriteString("result", outcome.Result switch { SiteResult.Written => "written", SiteResult.Planned => "planned", _ => "unchanged" });
        JsonText.WriteBoolean(writer, "applied", state?.IsApplied);
        JsonText.WriteArray(writer, "changes", outcome.Changes, static (json, change) =>
        {
            json.WriteString("change", change.Kind switch { SiteChangeKind.Add => "add", SiteChangeKind.Remove => "remove", _ => "change" });
            json.WriteNumber("set", change.Set);
            json.WriteString("name", change.Name);
            json.WriteString("before", change.Before);
            json.WriteString("after", change.After);
        });
        OperatorAnswer.WriteProxies(writer, state);
        if (outcome.Result == SiteResult.Planned)
        {
            ForecastAnswer.Write(writer, outcome.Forecast);
        }
    });

    private int Count(SiteChangeKind kind) => outcome.Changes.Count(change => change.Kind == kind);

    private string Now()
    {
        if (outcome.Result == SiteResult.Planned)
        {
            return "Nothing is written: a dry run.";
        }

        if (outcome is { Result: SiteResult.Written, Revision: null })
        {
            return "Written, but the answer was lost: whether the proxies have applied it is not known here, see 'kamrpc status'.";
        }

        var written = outcome.Revision is { } revision ? FormattableString.Invariant($"Written at revision {revision}") : "Nothing to do: it is as declared";
        return state switch
        {
            null when outcome.Target is null => $"{written}.",
            null => $"{written}; whether the proxies have applied it is not waited for.",
            { IsApplied: true } => $"{written}; applied and read back by {OperatorAnswer.Names(state.Proxies)}.",
            _ when state.Proxies.All(static proxy => !proxy.IsApplied) => $"{written}, and NOT known to be applied by anybody.",
            _ => $"{written}; applied by {OperatorAnswer.Names(state.Proxies.Where(static proxy => proxy.IsApplied))}, and NOT known to be by {(state.Proxies.Any(static proxy => !proxy.IsApplied) ? OperatorAnswer.Names(state.Proxies.Where(static proxy => !proxy.IsApplied)) : $"anybody in set {SetText.Numbers(state.Unserved)}")}.",
        };
    }
}
