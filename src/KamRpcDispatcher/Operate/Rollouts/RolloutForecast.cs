using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Rollouts.Rolling;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>One step of a rollout that has not begun.</summary>
/// <param name="Step">Which, from 1 on.</param>
public sealed record RolloutForecast(int Step)
{
    /// <summary>Who would have which share, in thousandths; null where members are restarted.</summary>
    public ImmutableSortedDictionary<string, int>? Shares { get; init; }

    /// <summary>The members that would be restarted together, by name.</summary>
    public IReadOnlyList<string> Members { get; init; } = [];

    /// <summary>What else is to be known, a sentence, safe to print; null for nothing.</summary>
    public string? Note { get; init; }

    internal static IReadOnlyList<RolloutForecast> Of(Rollout rollout, OperatorView view) => rollout.Restart is { } restart ? OfRestart(rollout, restart, view)
        : [.. rollout.Steps.Select((share, step) => new RolloutForecast(step + 1) { Shares = rollout.SharesAt(share) })];

    /// <summary>The batches, as they would be if nothing changed meanwhile.</summary>
    private static List<RolloutForecast> OfRestart(Rollout rollout, RollingRestart restart, OperatorView view)
    {
        var steps = new List<RolloutForecast>();
        for (var move = RollingPlanner.Next(rollout, restart, view); move.Kind == RollingMoveKind.Drain; move = RollingPlanner.Next(rollout, move.Restart.With(move.Names, RollingStage.Done), view))
        {
            steps.Add(new RolloutForecast(steps.Count + 1) { Members = move.Names, Note = move.Told.Count > 0 ? string.Join("; ", move.Told) : null });
            restart = move.Restart;
        }

        // Those who come after the last batch, and would be skipped.
        var left = RollingPlanner.Next(rollout, restart.With(restart.In(RollingStage.Drained), RollingStage.Done), view);
        List<string> notes = [.. left.Told, .. left.Kind == RollingMoveKind.Await ? left.Names.Select(name => $"then it waits for {name}: {RollingPlanner.WhyNotThere(view, new MemberKey(rollout.Set, name))}") : []];
        if (notes.Count > 0 && steps.Count > 0)
        {
            steps[^1] = steps[^1] with { Note = string.Join("; ", new[] { steps[^1].Note }.OfType<string>().Concat(notes)) };
        }

        if (restart.DrainTime is null && steps.Count > 0)
        {
            steps[0] = steps[0] with { Note = string.Join("; ", new[] { steps[0].Note, RollingText.WithoutDrainTime }.OfType<string>()) };
        }

        return steps;
    }
}
