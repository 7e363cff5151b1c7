using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate.Rollouts;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary>What <c>kamrpc rollout --dry-run</c> says.</summary>
/// <param name="rollout">The rollout as it would begin.</param>
/// <param name="steps">Its steps.</param>
internal sealed class RolloutPlanAnswer(Rollout rollout, IReadOnlyList<RolloutForecast> steps)
{
    private const int MostNamed = 3;

    /// <summary>How the rollout is now, where it is there already.</summary>
    public Rollout? Now { get; init; }

    /// <summary>The split of the set as it is now; null for none.</summary>
    public Split? Split { get; init; }

    /// <returns>The exit code.</returns>
    public static int Print(RolloutOutcome plan, OutputFormat format)
    {
        var planned = new RolloutPlanAnswer(plan.View.Rollout!, plan.Steps) { Now = plan.Now, Split = plan.View.Split };
        Console.Out.Write(Answer.In(format, planned.ToJson, () => planned.ToText(Layout.OfOutput())));
        return ExitCode.Changes;
    }

    public string ToText(Layout layout)
    {
        if (Now is { } now)
        {
            return TextLines.Behind(
                string.Empty,
                $"Set {Ages.Number(rollout.Set)}: its {RolloutText.Of(rollout.Kind)} rollout, {RolloutText.Of(now.Phase)} at {RolloutText.StepOf(now)}, would be {RolloutText.Of(rollout.Phase)}{(rollout.HasEnded && rollout.IsTakenBack ? string.Empty : $" at {RolloutText.StepOf(rollout)}")}"
                    + $"{(rollout.Restart is null ? $"; shares: {RolloutText.Of(rollout.Wished)}, now: {RolloutText.Of(Split?.Shares)}" : string.Empty)}. Nothing is written: a dry run.",
                layout.Width);
        }

        var table = layout.Sentences("STEP", "SHARES", "RESTARTED", "NOTE");
        foreach (var step in steps)
        {
            table.Add(Ages.Number(step.Step), step.Shares is null ? null : RolloutText.Of(step.Shares), step.Members.Count > 0 ? string.Join(", ", step.Members) : null, step.Note);
        }

        return $"{table}{Proxies(layout)}Nothing is written: a dry run. Set {Ages.Number(rollout.Set)} would have this {RolloutText.Of(rollout.Kind)} rollout{(rollout.Restart is null ? $"; now: {RolloutText.Of(rollout.Before)}" : ", and each batch is enabled again before the next one")}.\n";
    }

    /// <summary>Those who would do the same are named together.</summary>
    private TextTable Proxies(Layout layout)
    {
        var table = layout.Sentences("STEP", "PROXY", "WOULD");
        foreach (var step in steps)
        {
            foreach (var alike in step.Proxies.GroupBy(static proxy => proxy.Would, static proxy => proxy.Name, StringComparer.Ordinal))
            {
                List<string> names = [.. alike];
                table.Add(Ages.Number(step.Step), string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? FormattableString.Invariant($" and {names.Count - MostNamed} more") : string.Empty), alike.Key);
            }

            if (step.Proxies.Count == 0)
            {
                table.Add(Ages.Number(step.Step), "none", "no proxy reports that serves the set: nobody would do anything");
            }
        }

        return table;
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        writer.WriteNumber("set", rollout.Set);
        writer.WriteString("kind", RolloutText.Of(rollout.Kind));
        if (Now is { } now)
        {
            writer.WriteString("phase", RolloutText.Of(now.Phase));
            writer.WriteString("wouldBe", RolloutText.Of(rollout.Phase));
            JsonText.WriteNumber(writer, "step", rollout.Restart is null ? rollout.Step + 1 : null);
            RolloutAnswer.WriteShares(writer, "split", Split?.Shares);
            RolloutAnswer.WriteShares(writer, "wished", rollout.Wished);
        }

        RolloutAnswer.WriteShares(writer, "before", rollout.Before);
        JsonText.WriteArray(writer, "planned", steps, static (json, step) =>
        {
            json.WriteNumber("step", step.Step);
            RolloutAnswer.WriteShares(json, "shares", step.Shares);
            json.WriteStartArray("members");
            foreach (var name in step.Members)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
            json.WriteString("note", step.Note);
            JsonText.WriteArray(json, "proxies", step.Proxies, static (one, proxy) =>
            {
                one.WriteString("name", proxy.Name);
                one.WriteString("would", proxy.Would);
            });
        });
    });
}
