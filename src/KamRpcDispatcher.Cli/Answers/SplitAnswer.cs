using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate.Splits;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc split</c> did, or would do.</summary>
/// <param name="command">What was asked for.</param>
/// <param name="outcome">What came of it.</param>
/// <param name="state">How the proxies were with it in the end; null where nobody waited for them.</param>
internal sealed class SplitAnswer(SplitCommand command, SplitOutcome outcome, AppliedState? state)
{
    public override string ToString()
    {
        var table = new TextTable("VALUE", "BEFORE", "AFTER", "READY", "SLOTS") { Width = Terminal.Width };
        foreach (var share in outcome.Shares)
        {
            table.Add($"{share.Label}={share.Value}", Percent(share.Before), Percent(share.After), Ages.Number(share.Ready), share.After is null ? "-" : Ages.Number(share.Slots));
        }

        return (outcome.Shares.Count > 0 ? table.ToString() : string.Empty) + (outcome.Result == SplitResult.Planned ? ForecastAnswer.Text(Forecast) : string.Empty) + Now() + "\n";
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        writer.WriteNumber("set", command.Set);
        JsonText.WriteNumber(writer, "revision", outcome.Revision);
        writer.WriteString("result", outcome.Result switch { SplitResult.Written => "written", SplitResult.Planned => "planned", _ => "unchanged" });
        JsonText.WriteBoolean(writer, "applied", state?.IsApplied);
        JsonText.WriteBoolean(writer, "followed", command.Split is null ? null : !outcome.IsForNobody);
        JsonText.WriteArray(writer, "shares", outcome.Shares, static (json, share) =>
        {
            json.WriteString("label", share.Label);
            json.WriteString("value", share.Value);
            JsonText.WriteNumber(json, "before", share.Before / 10.0);
            JsonText.WriteNumber(json, "after", share.After / 10.0);
            json.WriteNumber("ready", share.Ready);
            json.WriteNumber("slots", share.Slots);
        });
        OperatorAnswer.WriteProxies(writer, state);
        if (outcome.Result == SplitResult.Planned)
        {
            ForecastAnswer.Write(writer, Forecast);
        }
    });

    /// <summary>Said of a split that no ready member has a share by.</summary>
    public const string NotFollowed = "NOT followed: no ready member has a value with a share, so that calls go to everybody who is ready";

    private IReadOnlyList<SetForecast> Forecast => outcome.Forecast is { } forecast ? [forecast] : [];

    private static string Percent(int? share) => share is { } some ? $"{SplitRecord.Text(some)} %" : "-";

    /// <summary>What is so now.</summary>
    private string Now()
    {
        var so = command.Split is null ? $"The calls of set {Ages.Number(command.Set)} are not split any more" : $"The calls of set {Ages.Number(command.Set)} are shared so";
        if (outcome.Result == SplitResult.Planned)
        {
            return $"Nothing is written: a dry run. {(command.Split is null ? "The split would be deleted" : "This split would be written")}.";
        }

        if (outcome.Revision is not { } revision)
        {
            return outcome.Result == SplitResult.Written
                ? "Written, but the answer was lost: whether the proxies have applied it is not known here, see 'kamrpc status'."
                : $"Nothing to do: set {Ages.Number(command.Set)} is not split. Whether every proxy has done an earlier --clear is not known here: see 'kamrpc status'.";
        }

        var written = FormattableString.Invariant($"{(outcome.Result == SplitResult.Written ? "Written at" : "So it was written already, at")} revision {revision}");
        return state switch
        {
            null => $"{written}; whether the proxies have applied it is not {(command.IsDryRun ? "looked at" : "waited for")}.",
            { IsApplied: true } when outcome.IsForNobody => $"{written}, read by {OperatorAnswer.Names(state.Proxies)}, and {NotFollowed}.",
            { IsApplied: true } => $"{so}: applied and read back by {OperatorAnswer.Names(state.Proxies)}.",
            _ when state.Proxies.All(static proxy => !proxy.IsApplied) => $"{written}, and NOT known to be applied by anybody.",
            _ => $"{written}; applied by {OperatorAnswer.Names(state.Proxies.Where(static proxy => proxy.IsApplied))}, and NOT known to be by {OperatorAnswer.Names(state.Proxies.Where(static proxy => !proxy.IsApplied))}.",
        };
    }
}
