using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>
/// Holds changes back that were made and had no effect: a plan that does not take is not repeated at full speed. Each structural change
/// costs Kamailio memory for good, whether it does anything or not.
/// </summary>
internal sealed class PlanBrake(TimeProvider timeProvider)
{
    /// <summary>How often in a row a change may be planned again at once: the list that shows it may have been read before it was made.</summary>
    private const int FreeRepetitions = 1;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private Dictionary<Unit, Repetition> _repeated = [];

    /// <summary>Leaves out of a plan what is not to be repeated now, and says so among what is skipped.</summary>
    /// <param name="plan">The plan that follows from the list as it is.</param>
    /// <param name="made">What was changed since the plan before.</param>
    public ChangePlan Hold(ChangePlan plan, IEnumerable<Change> made)
    {
        var units = made.Select(Unit.Of).ToHashSet();
        var repeated = new Dictionary<Unit, Repetition>();
        var skips = new List<Skip>(plan.Skips);
        var held = plan with
        {
            Enables = Go(plan.Enables, static enable => enable),
            Adds = Go(plan.Adds, static add => add),
            Disables = Go(plan.Disables, static disable => disable, isSilence: true),
            Silencings = Go(plan.Silencings, static silencing => silencing, isSilence: true),
            Replacements = Go(plan.Replacements, static replacement => replacement.Add),
            Removes = Go(plan.Removes, static remove => remove),
            Skips = skips,
        };
        _repeated = repeated;
        return held;

        List<T> Go<T>(IReadOnlyList<T> changes, Func<T, Change> key, bool isSilence = false) => [.. changes.Where(change =>
        {
            if (IsDue(key(change), units, repeated))
            {
                return true;
            }

            skips.Add(new Skip(SkipReason.WithoutEffect, key(change).Set, key(change).Uri, null) { OwesSilence = isSilence });
            return false;
        })];
    }

    private bool IsDue(Change change, HashSet<Unit> made, Dictionary<Unit, Repetition> repeated)
    {
        var unit = Unit.Of(change);
        var now = timeProvider.GetTimestamp();
        if (made.Contains(unit))
        {
            var count = _repeated.GetValueOrDefault(unit).Count + 1;
            repeated[unit] = new Repetition(count, now, count <= FreeRepetitions ? TimeSpan.Zero : Wait(count - FreeRepetitions, change.IsStructural));
        }
        else if (_repeated.TryGetValue(unit, out var before))
        {
            repeated[unit] = before;
        }

        return !repeated.TryGetValue(unit, out var repetition) || timeProvider.GetElapsedTime(repetition.Since) >= repetition.Wait;
    }

    private static TimeSpan Wait(int count, bool isStructural) =>
        isStructural ? TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(count - 1, 16))) : FirstWait;

    private readonly record struct Repetition(int Count, long Since, TimeSpan Wait);

    /// <summary>A change, whichever of its two spellings it uses.</summary>
    private readonly record struct Unit(Type Kind, int Set, string Uri, string Attributes)
    {
        public static Unit Of(Change change) =>
            new(change.GetType(), change.Set, Spelling.First(change.Uri), (change as AddDestination)?.Attributes ?? string.Empty);
    }
}
