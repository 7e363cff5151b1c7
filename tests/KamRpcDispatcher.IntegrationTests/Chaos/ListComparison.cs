using System.Globalization;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>What is wrong with Kamailio's list, in words; nothing when it is as etcd and the list file want it.</summary>
internal static class ListComparison
{
    /// <param name="list">Kamailio's list.</param>
    /// <param name="members">Who has to be there.</param>
    /// <param name="foreign">The entries of the list file, in the order in which they stand.</param>
    /// <param name="leavingMayStay">Whether own entries of nobody may still be there, disabled, until their removal is due.</param>
    public static IReadOnlyList<string> Differences(
        IReadOnlyList<FakeDestination> list, IReadOnlyList<ExpectedMember> members, IReadOnlyList<FakeDestination> foreign, bool leavingMayStay)
    {
        list = [.. list.Select(AsAnnounced)];
        var own = list.Where(IsOwn).ToList();
        var ready = members.Where(static member => member.IsReady).ToList();
        var drained = members.Where(static member => !member.IsReady).Select(static member => (member.Set, member.Uri)).ToHashSet();
        return
        [
            .. Missing(ready.Select(Describe), own.Where(IsEnabled).Select(Describe), "is in etcd and not enabled"),
            .. Missing(own.Where(IsEnabled).Select(Describe), ready.Select(Describe), "is enabled and not in etcd"),
            .. list.CountBy(static entry => (entry.Set, entry.Uri)).Where(static copies => copies.Value > 1).Select(static copies => $"{copies.Key} stands {copies.Value} times"),
            .. own.Where(entry => !IsEnabled(entry) && !leavingMayStay && !drained.Contains((entry.Set, entry.Uri))).Select(static entry => $"{Describe(entry)} is still there, disabled"),
            .. Foreign(list, foreign),
        ];
    }

    private static IEnumerable<string> Foreign(IReadOnlyList<FakeDestination> list, IReadOnlyList<FakeDestination> foreign)
    {
        var found = list.Where(static entry => !IsOwn(entry)).OrderBy(static entry => entry.Set).ToList();
        if (found.Count != foreign.Count || found.Zip(foreign).Any(static pair => !IsUntouched(pair.First, pair.Second)))
        {
            yield return $"foreign entries are {string.Join(", ", found)}, and were {string.Join(", ", foreign)}";
        }

        // The list file's priorities are small, so its entries stand behind those of members.
        foreach (var set in list.GroupBy(static entry => entry.Set).Where(static set => set.SkipWhile(IsOwn).Any(IsOwn)))
        {
            yield return $"set {set.Key} has own entries behind foreign ones";
        }
    }

    /// <summary>As it was, or found dead by Kamailio itself, which is nobody's change.</summary>
    private static bool IsUntouched(FakeDestination found, FakeDestination was) =>
        found == was || (was.Flags[0] == 'A' && found.Flags[0] is 'I' or 'T' && found with { Flags = "A" + found.Flags[1..] } == was);

    /// <summary>A replacement may leave a member under the second spelling of its URI.</summary>
    private static FakeDestination AsAnnounced(FakeDestination entry) => IsOwn(entry) ? entry with { Uri = Spelling.First(entry.Uri) } : entry;

    /// <summary>Those that are in the first more often than in the second.</summary>
    private static IEnumerable<string> Missing(IEnumerable<string> wanted, IEnumerable<string> found, string what)
    {
        var left = found.ToList();
        return [.. wanted.Where(entry => !left.Remove(entry)).Select(entry => $"{entry} {what}")];
    }

    private static bool IsOwn(FakeDestination entry) => Attribute(entry, "kamrpc") == "default";

    private static bool IsEnabled(FakeDestination entry) => entry.Flags[0] != 'D';

    private static string Describe(ExpectedMember member) =>
        string.Create(CultureInfo.InvariantCulture, $"set {member.Set}: {member.Uri} ({ExpectedMember.MarkName} {member.Mark})");

    private static string Describe(FakeDestination entry) => $"set {entry.Set}: {entry.Uri} ({ExpectedMember.MarkName} {Attribute(entry, ExpectedMember.MarkName)})";

    private static string? Attribute(FakeDestination entry, string name) =>
        entry.Attrs?.Split(';').Select(static pair => pair.Split('=', 2)).FirstOrDefault(pair => pair[0] == name)?[^1];
}
