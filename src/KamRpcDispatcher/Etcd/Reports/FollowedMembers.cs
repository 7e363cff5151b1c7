using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>
/// Which state of the members' keys a proxy goes by, whether it is in force yet or not. Keys are followed in the order of their changes: of
/// two states that hold the same newest record and as many records none lacks anything that the other has.
/// </summary>
/// <param name="Revision">The store's revision that it takes in.</param>
/// <param name="Records">How many records there are then, those that cannot be used too.</param>
public sealed record FollowedMembers(long Revision, int Records);

/// <summary>A place that members of a proxy come from, where not all of them come from etcd.</summary>
/// <param name="Name">As <c>--source</c> has it, without its sets: <c>etcd</c>, or such as <c>file:/etc/kamrpc/members.json</c>. As it was found: shorten it before printing.</param>
/// <param name="Sets">The sets whose members it brings, the first <see cref="MostSets"/>; none for every set that no other one names.</param>
public sealed record ReportedSource(string Name, ImmutableArray<int> Sets)
{
    /// <summary>As many sets are named.</summary>
    public const int MostSets = 20;

    /// <summary>As much is written of a name.</summary>
    public const int LongestName = 160;

    /// <summary>etcd's.</summary>
    public const string Etcd = "etcd";

    /// <summary>What is said of a set that no source brings: nobody is in it.</summary>
    internal const string Nowhere = "comes from none of its sources, by its --source";

    /// <summary>As much is written of a reason.</summary>
    public const int LongestReason = 240;

    /// <summary>How many sets there are beside those.</summary>
    public int MoreSets { get; init; }

    /// <summary>Since when it cannot be read; null while it can, of etcd always, and in a report of a version that did not say it.</summary>
    public DateTimeOffset? AwaySince { get; init; }

    /// <summary>Why not, as it was found: shorten it before printing.</summary>
    public string? Reason { get; init; }

    /// <summary>
    /// Where a set's members come from, as the end of a sentence, safe to print: <c>comes from file:/etc/kamrpc/members.json</c>; null where they come from etcd. Of a set that the report has no room for it is not known.
    /// </summary>
    internal static string? ElsewhereOf(int set, ImmutableArray<ReportedSource> sources, int more)
    {
        var source = sources.FirstOrDefault(source => source.Sets.Contains(set));
        if (source is null && (more > 0 || sources.Any(static source => source.MoreSets > 0)))
        {
            return "may come from another source than etcd, by its --source";
        }

        source ??= sources.FirstOrDefault(static source => source.Sets.IsEmpty);
        return source is { Name: Etcd } || (sources.IsEmpty && more == 0) ? null
            : source is null ? Nowhere
            : $"comes from {SafeText.Shorten(source.Name, LongestName + 3)}";
    }
}
