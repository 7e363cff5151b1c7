using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate.Rollouts;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary>What <c>kamrpc rollout --dry-run</c> says.</summary>
/// <param name="rollout">The rollout as it would begin.</param>
/// <param name="steps">Its steps.</param>
internal sealed class RolloutPlanAnswer(Rollout rollout, IReadOnlyList<RolloutForecast> steps)
{
    public string ToText(Layout layout)
    {
        var table = layout.Sentences("STEP", "SHARES", "RESTARTED", "NOTE");
        foreach (var step in steps)
        {
            table.Add(Ages.Number(step.Step), step.Shares is null ? null : RolloutText.Of(step.Shares), step.Members.Count > 0 ? string.Join(", ", step.Members) : null, step.Note);
        }

        return table + $"Nothing is written: a dry run. Set {Ages.Number(rollout.Set)} would have this {RolloutText.Of(rollout.Kind)} rollout{(rollout.Restart is null ? $"; now: {RolloutText.Of(rollout.Before)}" : string.Empty)}.\n";
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
        });
    });
}
