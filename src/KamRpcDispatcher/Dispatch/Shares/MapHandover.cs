using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>
/// Keeps the map that Kamailio has, and whoever stands in the classes that it names, until those of the map that is to take its place stand too: a split by another label, or a zone beside it, is then one change of the
/// map, and nobody gets calls in between who is to get none. It remembers no split: who stands where is in Kamailio's list.
/// </summary>
/// <param name="policy">By which mark own entries are known.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class MapHandover(PlanPolicy policy, TimeProvider timeProvider)
{
    /// <summary>How long it is waited for one more to stand in its class. What does not come then may never, as where Kamailio's memory is short.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Dictionary<int, Progress> _progress = [];

    /// <summary>Says who stays in a class that nobody wishes any more, and whether the map waits.</summary>
    /// <param name="wanted">What is wished.</param>
    /// <param name="map">What Kamailio has; null for none.</param>
    /// <param name="home">The members of the set.</param>
    /// <param name="numbers">The numbers of all sets' classes.</param>
    /// <param name="listed">Kamailio's list, by set.</param>
    /// <param name="isRefused">Whether Kamailio refuses a member.</param>
    public Handover Of(
        SetShares wanted, ShareMap? map, IEnumerable<Member> home, ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>> numbers, ILookup<int, ListedDestination> listed, Func<Member, bool> isRefused)
    {
        var wished = wanted.Shares.Select(static share => share.Number).ToHashSet();

        // What is in etcd, or in Kamailio's table, may be anybody's: a class of another set is not this one's to keep.
        List<int> old = map is null || wanted.Shares.IsEmpty ? []
            : [.. map.Counts.Keys.Where(number => number != ShareMap.HomeNumber && !wished.Contains(number) && !numbers.Any(other => other.Key != wanted.Set && other.Value.ContainsValue(number)))];
        var kept = old.Count == 0 ? [] : Standing(old, home, listed);
        if (kept.Count == 0)
        {
            _progress.Remove(wanted.Set);
            return new Handover([], Waits: false);
        }

        // A class without anybody who gets calls sends them to the home set, which is no better than the new map as far as it goes.
        var serves = old.TrueForAll(number => kept.Exists(one => one.Class.Set == ShareMap.FirstSet + number && one.IsServing && !wanted.Idle.Contains(one.Home)));
        return new Handover([.. kept.Select(static one => (one.Home, one.Class))], serves && !IsWhole(wanted, listed, isRefused) && IsGettingOn(wanted, listed));
    }

    private List<(MemberKey Home, MemberKey Class, bool IsServing)> Standing(List<int> old, IEnumerable<Member> home, ILookup<int, ListedDestination> listed)
    {
        var byName = home.DistinctBy(static member => member.Key.Name, StringComparer.Ordinal).ToDictionary(static member => member.Key.Name, StringComparer.Ordinal);
        return
        [
            .. from number in old
               from entry in listed[ShareMap.FirstSet + number]
               where AttributeText.IsOwn(entry, policy.Cluster)
               let member = AttributeText.Duid(entry.Attributes) is { } name ? byName.GetValueOrDefault(name) : null
               where member is not null && member.Uri.Endpoint == Spelling.EndpointOf(entry.Uri)
               group entry by (Home: member.Key, Class: new MemberKey(entry.Set, member.Key.Name), member.State) into one
               select (one.Key.Home, one.Key.Class, one.Key.State == MemberState.Ready && one.Any(static entry => entry.IsRoutable)),
        ];
    }

    /// <summary>Whether everybody stands who is to get calls by the new map, whom Kamailio refuses apart.</summary>
    private static bool IsWhole(SetShares wanted, ILookup<int, ListedDestination> listed, Func<Member, bool> isRefused) =>
        !wanted.Unnumbered.Any() && wanted.ClassMembers.All(copy => Stands(wanted, copy, listed) || isRefused(copy));

    private static bool Stands(SetShares wanted, Member copy, ILookup<int, ListedDestination> listed)
    {
        if (copy.State != MemberState.Ready || wanted.Idle.Contains(new MemberKey(wanted.Set, copy.Key.Name)))
        {
            return true;
        }

        // One that Kamailio finds dead in its home set, or has no proof of there yet, need not be better in its class.
        var there = listed[copy.Key.Set].Where(At).ToList();
        return there.Exists(static entry => entry.IsRoutable) || (there.Exists(static entry => entry.State != ListedState.Disabled) && !listed[wanted.Set].Where(At).Any(static entry => entry.IsRoutable));

        bool At(ListedDestination entry) => Spelling.EndpointOf(entry.Uri) == copy.Uri.Endpoint;
    }

    private bool IsGettingOn(SetShares wanted, ILookup<int, ListedDestination> listed)
    {
        var (classes, standing) = (string.Join(' ', wanted.Shares.Select(static share => FormattableString.Invariant($"{share.Class.Text}={share.Number}"))), wanted.ClassMembers.Count(copy => Stands(wanted, copy, listed)));
        if (!_progress.TryGetValue(wanted.Set, out var known) || known.Classes != classes || standing > known.Standing)
        {
            _progress[wanted.Set] = known = new Progress(classes, standing, timeProvider.GetTimestamp());
        }

        return timeProvider.GetElapsedTime(known.Since) < Patience;
    }

    /// <param name="Classes">For what it is waited.</param>
    /// <param name="Standing">How many stand.</param>
    /// <param name="Since">Since when it was no more.</param>
    private readonly record struct Progress(string Classes, int Standing, long Since);
}

/// <summary>What stays of the shares before until the new ones stand.</summary>
/// <param name="Kept">Who stays in a class that is not wished any more, by the key in the home set: as long as Kamailio's map names it.</param>
/// <param name="Waits">Whether the map that Kamailio has stays.</param>
internal readonly record struct Handover(IReadOnlyList<(MemberKey Home, MemberKey Class)> Kept, bool Waits);
