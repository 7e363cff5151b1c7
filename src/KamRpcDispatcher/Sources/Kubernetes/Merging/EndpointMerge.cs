using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources.Kubernetes.Merging;

/// <summary>Joins all slices of all Services of a source. Pure: the same slices, in whatever order and however they are cut, come to the same members.</summary>
/// <remarks>
/// An endpoint that moves may stand in two slices for a while, each as it was when that slice was written: ready beats draining, and draining beats down. A slice has one family of
/// addresses, so a Service of two has each pod twice: one family is taken for the whole Service, and a pod is one member.
/// </remarks>
internal static class EndpointMerge
{
    /// <summary>The same for all Services.</summary>
    /// <param name="services">Those of a source; of two that have the same pod the first one is taken.</param>
    /// <param name="known">The set that each Service's members stood in last, by its name, for labels that cannot be used; what is read now is noted there. Null for nothing known.</param>
    public static MergedEndpoints Merge(IReadOnlyList<ServiceSlices> services, Dictionary<string, int>? known = null)
    {
        known ??= new Dictionary<string, int>(StringComparer.Ordinal);
        var spaces = services.ToLookup(static one => one.Service.Set, static one => one.Service.Namespace);
        var sets = services.Select(static one => one.Service.Set).ToHashSet();
        var rejected = new List<RejectedRecord>();
        var remarks = new List<ServiceRemark>();
        var best = new Dictionary<MemberKey, MergeCandidate>();
        foreach (var (service, slices) in services)
        {
            var reading = new SliceReader(service, sets, spaces[service.Set].Distinct().Count() > 1, rejected, remarks, known);
            foreach (var candidate in reading.Read(slices))
            {
                Take(best, candidate.Member.Key, candidate);
            }
        }

        // Of a pod that has gone and the one that has its address now, as on the host's network, only one can be called.
        var byAddress = new Dictionary<(int Set, string Endpoint), MergeCandidate>();
        foreach (var candidate in best.Values)
        {
            Take(byAddress, (candidate.Member.Key.Set, candidate.Member.Uri.Endpoint), candidate);
        }

        return new MergedEndpoints(
            [.. byAddress.Values.Select(static candidate => candidate.Member).OrderBy(static member => member.Key)],
            byAddress.Values.Where(static candidate => candidate.IsTerminating).Select(static candidate => candidate.Member.Key).ToImmutableHashSet(),
            [.. rejected.OrderBy(static one => one.Key, StringComparer.Ordinal).ThenBy(static one => one.Reason, StringComparer.Ordinal)],
            [.. remarks.Distinct()])
        {
            Empty = [.. services.Where(static one => one is { IsRead: true, Slices.Count: 0 }).Select(static one => new SourceWarning(one.Service.Set, $"{one.Service.Namespace}/{one.Service.Service} has no EndpointSlices: is there a Service of that name, in that namespace, and with a selector?"))],
        };
    }

    private static void Take<TKey>(Dictionary<TKey, MergeCandidate> best, TKey key, MergeCandidate candidate)
        where TKey : notnull
    {
        if (!best.TryGetValue(key, out var known) || candidate.IsBetterThan(known))
        {
            best[key] = candidate;
        }
    }
}

/// <summary>A member as one endpoint of one slice has it.</summary>
/// <param name="Member">The member.</param>
/// <param name="IsTerminating">Whether it is on its way out by its own word.</param>
internal sealed record MergeCandidate(Member Member, bool IsTerminating)
{
    /// <summary>The better state; of equals the same one whatever the order in which they come.</summary>
    public bool IsBetterThan(MergeCandidate other) =>
        Member.State != other.Member.State ? Member.State < other.Member.State
        : IsTerminating != other.IsTerminating ? !IsTerminating
        : Member.Key != other.Member.Key ? Member.Key < other.Member.Key
        : string.CompareOrdinal(Member.Uri.Text, other.Member.Uri.Text) is not 0 and var order ? order < 0
        : string.CompareOrdinal(Text(Member), Text(other.Member)) < 0;

    private static string Text(Member member) => string.Join(',', member.Labels.Select(static label => $"{label.Key}={label.Value}"));
}
