using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate.Rollouts;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary>What <c>kamrpc rollout --dry-run</c> says.</summary>
/// <param name="rollout">The rollout as it would begin.</param>
/// <param name="steps">Its steps.</param>
internal sealed class RolloutPlanAnswer(Rollout rollout, IReadOnlyList<RolloutForecast> steps)
{
    private const int MostNamed = 3;

    public string ToText(Layout layout)
    {
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
