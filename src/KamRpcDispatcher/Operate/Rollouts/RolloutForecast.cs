using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Operate.Splits;

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

    /// <summary>What each proxy would do with it.</summary>
    public IReadOnlyList<ProxyForecast> Proxies { get; init; } = [];

    /// <param name="rollout">The rollout as it would begin.</param>
    /// <param name="split">The set's split; null where it has none.</param>
    /// <param name="view">What is there.</param>
    internal static IReadOnlyList<RolloutForecast> Of(Rollout rollout, Split? split, OperatorView view) =>
        rollout.Restart is { } restart ? [.. OfRestart(rollout, restart, view).Select(step => step with { Proxies = OfBatch(rollout, split, view, step.Members) })] : OfShares(rollout, split, view);

    private static List<RolloutForecast> OfShares(Rollout rollout, Split? split, OperatorView view)
    {
        var (steps, members) = (new List<RolloutForecast>(), SplitForecast.MembersOf(view, rollout.Set));
        foreach (var share in rollout.Steps)
        {
            var next = new Split(rollout.Set, rollout.Label, rollout.SharesAt(share));
            steps.Add(new RolloutForecast(steps.Count + 1) { Shares = next.Shares, Proxies = SetForecast.Of(view, rollout.Set, SplitsProgress.Kind, (members, split), (members, next)).Proxies });
            split = next;
        }

        return steps;
    }

    /// <summary>While a batch is drained; then the other way round.</summary>
    private static IReadOnlyList<ProxyForecast> OfBatch(Rollout rollout, Split? split, OperatorView view, IReadOnlyList<string> batch)
    {
        var members = SplitForecast.MembersOf(view, rollout.Set);
        List<Member> drained = [.. members.Select(member => member.State == MemberState.Ready && batch.Contains(member.Key.Name) ? member with { State = MemberState.Draining } : member)];
        return SetForecast.Of(view, rollout.Set, IntentsProgress.Kind, (members, split), (drained, split)).Proxies;
    }

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

        if (steps.Count > 0 && RollingPlanner.WhyUncounted(rollout.Restart!, view, rollout.Set) is { Count: > 0 } uncounted)
        {
            steps[0] = steps[0] with { Note = string.Join("; ", new[] { steps[0].Note }.OfType<string>().Concat(uncounted)) };
        }

        return steps;
    }
}
