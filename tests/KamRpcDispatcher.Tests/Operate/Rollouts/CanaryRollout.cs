using System.Collections.Immutable;
using KamRpcDispatcher.Operate.Rollouts;

namespace KamRpcDispatcher.Tests.Operate.Rollouts;

/// <summary>A canary at its second step of four, made by hand.</summary>
internal static class CanaryRollout
{
    public static Rollout Of(RolloutPhase phase = RolloutPhase.Running, int step = 1) => new(1, "id", RolloutKind.Canary, "version", "v2")
    {
        Steps = [50, 250, 500, 1000], Step = step, Phase = phase, Others = Shares(("v1", 1000)), Before = Shares(("v1", 1000), ("v2", 0)),
        Since = Views.Now, By = "ops@host", Gate = "exit 0", Interval = TimeSpan.FromSeconds(60), Reason = "new release", Message = "the gate says yes",
    };

    public static ImmutableSortedDictionary<string, int> Shares(params (string Value, int Share)[] shares) =>
        ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, shares.Select(static one => KeyValuePair.Create(one.Value, one.Share)));
}
