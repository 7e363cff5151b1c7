using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>What somebody should know of where members come from, though it can be read. Pure.</summary>
internal static class SourceTroubles
{
    private const int LongestSource = 120;

    /// <summary>The sets that are kept up by members of before alone, and what else is said of sources.</summary>
    /// <param name="members">Who is followed in this cycle.</param>
    /// <param name="policy">What is managed.</param>
    public static IEnumerable<(string Kind, string Text, IReadOnlyCollection<int> Sets)> Of(CycleMembers members, PlanPolicy policy)
    {
        foreach (var set in members.Held.Where(static member => !ClassSets.Has(member.Key.Set)).GroupBy(static member => member.Key.Set))
        {
            if (Held(set.Key, [.. set], members.Membership) is { } text)
            {
                yield return (TroubleKind.Source, text, [set.Key]);
            }
        }

        foreach (var warning in members.Membership.Warnings.Where(warning => policy.Manages(warning.Set)))
        {
            yield return (TroubleKind.Source, In(warning.Set, warning.Text), [warning.Set]);
        }
    }

    private static string? Held(int set, IReadOnlyCollection<Member> held, Membership membership)
    {
        var causes = held.Select(member => membership.Left.TryGetValue(member.Key, out var cause) ? cause : (LeaveCause?)null).ToHashSet();
        var source = SafeText.Shorten(membership.SourceOf(set) ?? "its source", LongestSource);
        var kept = held.Count == 1 ? "1 member of before is held for --panic-hold" : string.Create(CultureInfo.InvariantCulture, $"{held.Count} members of before are held for --panic-hold");
        return causes.Contains(LeaveCause.Unsourced) ? In(set, $"no --source brings it, and {kept}: name it in a --source, unless it is to end")
            : causes.Contains(LeaveCause.Emptied) ? In(set, $"{source} has nobody in it, and {kept}: put them back, or give them \"state\": \"down\" there")
            : null;
    }

    private static string In(int set, string text) => string.Create(CultureInfo.InvariantCulture, $"set {set}: {text}");
}
