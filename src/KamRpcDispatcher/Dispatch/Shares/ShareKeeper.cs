using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Shares;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>Keeps the share maps of one Kamailio equal to what operators and weights ask for, by those who are routable in its list. What it has is read back, and read again now and then.</summary>
/// <param name="table">Kamailio's table of maps.</param>
/// <param name="policy">Which sets are managed.</param>
/// <param name="way">How weights travel.</param>
/// <param name="number">Told which classes of which sets have no number, in each cycle.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
/// <param name="observe">Told in each cycle what it comes to, and who stands where; null for nobody.</param>
/// <param name="zone">The zone whose members are preferred; null for none.</param>
internal sealed class ShareKeeper(
    IShareTable table, PlanPolicy policy, ShareWay way, Action<IReadOnlyDictionary<int, ImmutableSortedSet<string>>> number, TimeProvider timeProvider, ILogger<ShareKeeper> logger,
    Action<CycleShares, DispatcherTable>? observe = null, ZonePreference? zone = null)
{
    private readonly KnownMaps _maps = new(table, timeProvider);
    private readonly MapHandover _handover = new(policy, timeProvider);
    private readonly SlowStarts _starts = new(timeProvider, way == ShareWay.Map ? null : "nobody starts slowly with --share attributes or percent", logger);
    private readonly ZoneWatch _zones = new(zone, timeProvider, logger);

    /// <summary>Says who stands where so that calls are shared as wished, and which maps that takes. Reads Kamailio's maps where they are not known; changes nothing.</summary>
    /// <param name="followed">Who is announced, or kept, with operators' weights, and what they wish of shares.</param>
    /// <param name="listed">Kamailio's list.</param>
    /// <param name="isRefused">Whether Kamailio refuses a member.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<(CycleMembers Members, CycleShares Shares)> ShareAsync(CycleMembers followed, DispatcherTable listed, Func<Member, bool> isRefused, CancellationToken cancellationToken)
    {
        var shares = followed.Membership.Shares ?? OperatorShares.Unknown;
        var homes = followed.All.Where(member => policy.Manages(member.Key.Set)).ToLookup(static member => member.Key.Set);
        await _maps.ReadAsync([.. homes.Select(static home => home.Key)], listed.Instance, cancellationToken).ConfigureAwait(false);
        var numbers = shares.DistinctNumbers();
        var routable = new Lazy<HashSet<EndpointKey>>(
            () => [.. listed.Destinations.Where(static entry => entry.IsRoutable).Select(static entry => new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri)))], LazyThreadSafetyMode.None);
        var inClasses = new Lazy<HashSet<string>>(() => [.. routable.Value.Where(static key => ClassSets.Has(key.Set)).Select(static key => key.Endpoint)], LazyThreadSafetyMode.None);
        var starts = _starts.Observe(
            [.. homes.SelectMany(static home => home)],
            !followed.Membership.IsFromSnapshot,
            _maps.HasTable,
            member => routable.Value.Contains(new EndpointKey(member.Key.Set, member.Uri.Endpoint)) || inClasses.Value.Contains(member.Uri.Endpoint));
        var inSets = new Lazy<ILookup<int, ListedDestination>>(() => listed.Destinations.ToLookup(static entry => entry.Set), LazyThreadSafetyMode.None);
        _zones.Keep(homes.Select(static home => home.Key).ToHashSet());
        List<SetShares> sets = [];
        Dictionary<int, ShareMap?> maps = [];
        Dictionary<int, ZoneUse> zones = [];
        List<int> withoutTable = [];
        List<int> withoutPercentages = [];
        List<int> withoutZone = [];
        List<int> waiting = [];
        List<int> unserved = [];
        List<(MemberKey Home, MemberKey Class)> kept = [];
        foreach (var home in homes)
        {
            var known = _maps.TryGet(home.Key, out var text);
            if (text is null && !HasShares(home, home.Key, shares.Splits, starts))
            {
                // As most sets are: nothing is parsed for them, once a second.
                continue;
            }

            var map = ShareMap.TryParse(text, out var parsed, out _) ? parsed : null;
            var wanted = SetShares.Of(
                home.Key,
                way != ShareWay.Attributes ? home : home.Select(static member => member with { Weight = null }),
                shares.Splits.GetValueOrDefault(home.Key),
                numbers.GetValueOrDefault(home.Key, ImmutableSortedDictionary<string, int>.Empty),
                routable.Value,
                map,
                new ShareRules { ArePercentages = way == ShareWay.Percent, Starts = starts, Zone = zone },
                isRefused);
            if (!_maps.HasTable)
            {
                if (zone is not null)
                {
                    withoutZone.Add(home.Key);
                }

                if (shares.Splits.ContainsKey(home.Key))
                {
                    withoutTable.Add(home.Key);
                }
                else if (way == ShareWay.Percent && !wanted.Shares.IsEmpty)
                {
                    withoutPercentages.Add(home.Key);
                }
            }
            else
            {
                sets.Add(wanted);
                if (wanted.IsSplitUnserved && home.Any(static member => member.State == MemberState.Ready))
                {
                    unserved.Add(home.Key);
                }

                _starts.Finish(wanted.Started);
                var isOther = known && IsOther(text, wanted.Map);
                var handover = _handover.Of(wanted, map, home, shares.Numbers, inSets.Value, isRefused);
                kept.AddRange(handover.Kept);
                var waits = isOther && (_zones.MayWait(wanted, map, shares.Splits.GetValueOrDefault(home.Key)) || handover.Waits);
                if (_zones.Observe(wanted, waits) is { } use)
                {
                    zones.Add(home.Key, use);
                }

                if (waits)
                {
                    waiting.Add(home.Key);
                }
                else if (isOther)
                {
                    maps[home.Key] = IsHome(wanted.Map) ? null : wanted.Map;
                }
            }
        }

        // Of sets that nobody is left in.
        foreach (var set in _maps.Sets.Where(set => !homes.Contains(set)))
        {
            maps[set] = null;
        }

        sets.RemoveAll(static set => set.Shares.IsEmpty && set.Idle.IsEmpty);
        number(sets.Where(static set => set.Unnumbered.Any()).ToDictionary(static set => set.Set, static set => set.Unnumbered.Select(static one => one.Text).ToImmutableSortedSet(StringComparer.Ordinal)));
        var result = new CycleShares(sets, maps, kept)
        {
            WithoutTable = withoutTable,
            WithoutPercentages = withoutPercentages,
            WithoutZone = withoutZone,
            Unserved = unserved,
            Claimed = [.. sets.Where(set => set.Unnumbered.Any(one => shares.Numbers.GetValueOrDefault(set.Set)?.ContainsKey(one.Text) == true)).Select(static set => set.Set)],
            HasTable = _maps.HasTable,
            Way = way,
            Waiting = waiting,
            IsMoving = _starts.AreAny || waiting.Count > 0 || kept.Count > 0,
            Situation = new ShareSituation
            {
                HasTable = !_maps.HasTable ? false : _maps.IsAnyKnown ? true : null,
                Zone = zone?.Zone,
                Zones = zones,
                Starting = sets.SelectMany(static set => set.Starting).ToDictionary(),

                // Whoever is of another zone than the one that serves alone is known by that.
                Unshared = [.. sets.Where(set => !waiting.Contains(set.Set)).SelectMany(set => set.Unshared.Where(one => !(one.Value == FailOverOnly.Zone && zones.GetValueOrDefault(set.Set, ZoneUse.All) == ZoneUse.Own)))],
            },
        };
        observe?.Invoke(result, listed);
        return (followed.Share(result), result);
    }

    /// <summary>The sets of classes that Kamailio's maps name, as they were read or written last.</summary>
    public IReadOnlyDictionary<int, NamedClass> NamedClasses(OperatorShares? shares) => _maps.NamedClasses((shares ?? OperatorShares.Unknown).Numbers);

    /// <summary>Whether weights travel in maps.</summary>
    public bool TakesWeights => _maps.HasTable && way != ShareWay.Attributes;

    /// <summary>Whether the calls of a home set are shared otherwise than evenly, or may be: then who gets calls is decided by the list as it is read.</summary>
    public bool MayShare(int set, IReadOnlyCollection<Member> home, OperatorShares? shares) =>
        (_maps.TryGet(set, out var map) && map is not null) || _starts.AreAny || home.Any(static member => member.SlowStart is not null)
        || HasShares(home, set, (shares ?? OperatorShares.Unknown).Splits, ImmutableDictionary<MemberKey, MemberStart>.Empty);

    /// <summary>Writes the maps that are to be written, and reads them back. A set at a time: each is one call, and in force at once.</summary>
    /// <param name="shares">What <see cref="ShareAsync"/> said.</param>
    /// <param name="troubles">Told what keeps them from being followed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether shares are in force as they are wished, but for what the plan of the cycle owes.</returns>
    public async Task<bool> WriteAsync(CycleShares shares, TroubleTracker troubles, CancellationToken cancellationToken)
    {
        ShareTroubles.Meet(shares, policy.Cluster, troubles);
        var areAll = shares.AreFollowed;
        foreach (var (set, map) in shares.Maps)
        {
            if (await _maps.WriteAsync(set, map, cancellationToken).ConfigureAwait(false) is not { } isTaken)
            {
                // Members are followed all the same.
                continue;
            }

            _zones.Written(set);
            if (!isTaken)
            {
                areAll = false;
                ShareLog.NotTaken(logger, set);
            }
            else if (map is null)
            {
                ShareLog.Ended(logger, set);
            }
            else
            {
                ShareLog.Shared(logger, set, ShareLog.Words(shares.Sets.FirstOrDefault(one => one.Set == set)));
            }
        }

        ShareTroubles.Refused(_maps.Faults, troubles);
        return areAll && _maps.Faults.Count == 0;
    }

    /// <summary>Whether calls may be shared otherwise than evenly.</summary>
    private bool HasShares(IEnumerable<Member> home, int set, ImmutableSortedDictionary<int, Split> splits, IReadOnlyDictionary<MemberKey, MemberStart> starts) =>
        zone is not null || splits.ContainsKey(set) || (starts.Count > 0 && home.Any(member => starts.ContainsKey(member.Key))) || (way != ShareWay.Attributes && home.Select(static member => member.Weight).Distinct().Take(2).Count() > 1);

    private static bool IsHome(ShareMap? map) => map is null || map.Equals(ShareMap.Home);

    /// <summary>Whether Kamailio has another map than the wanted one: none is as good as one that names the home set only.</summary>
    private static bool IsOther(string? text, ShareMap? wanted) => IsHome(wanted) ? text is not null : text != wanted!.Text;
}
