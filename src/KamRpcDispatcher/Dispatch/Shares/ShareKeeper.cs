using System.Collections.Immutable;
using KamailioRpc.Errors;
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
    /// <summary>How often maps are read that somebody else may have changed; less often where there are very many of them, so that no more than so many are read in a second.</summary>
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);
    private const int ReadsPerSecond = 20;

    /// <summary>The texts that Kamailio has, of the sets that were read.</summary>
    private readonly Dictionary<int, (string? Text, long ReadAt)> _maps = [];

    /// <summary>What Kamailio answered where it would not let a map be read or written, by set; gone with the cycle.</summary>
    private readonly Dictionary<int, string> _faults = [];
    private readonly SlowStarts _starts = new(timeProvider, way == ShareWay.Map ? null : "nobody starts slowly with --share attributes or percent", logger);
    private readonly ZoneWatch _zones = new(zone, timeProvider, logger);
    private KamailioInstance? _instance;
    private bool _hasTable = true;

    /// <summary>Says who stands where so that calls are shared as wished, and which maps that takes. Reads Kamailio's maps where they are not known; changes nothing.</summary>
    /// <param name="followed">Who is announced, or kept, with operators' weights, and what they wish of shares.</param>
    /// <param name="listed">Kamailio's list.</param>
    /// <param name="isRefused">Whether Kamailio refuses a member.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<(CycleMembers Members, CycleShares Shares)> ShareAsync(CycleMembers followed, DispatcherTable listed, Func<Member, bool> isRefused, CancellationToken cancellationToken)
    {
        var shares = followed.Membership.Shares ?? OperatorShares.Unknown;
        var homes = followed.All.Where(member => policy.Manages(member.Key.Set)).ToLookup(static member => member.Key.Set);
        await ReadAsync([.. homes.Select(static home => home.Key)], listed.Instance, cancellationToken).ConfigureAwait(false);
        var numbers = shares.DistinctNumbers();
        var routable = new Lazy<HashSet<EndpointKey>>(
            () => [.. listed.Destinations.Where(static entry => entry.IsRoutable).Select(static entry => new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri)))], LazyThreadSafetyMode.None);
        var inClasses = new Lazy<HashSet<string>>(() => [.. routable.Value.Where(static key => ClassSets.Has(key.Set)).Select(static key => key.Endpoint)], LazyThreadSafetyMode.None);
        var starts = _starts.Observe(
            [.. homes.SelectMany(static home => home)],
            !followed.Membership.IsFromSnapshot,
            _hasTable,
            member => routable.Value.Contains(new EndpointKey(member.Key.Set, member.Uri.Endpoint)) || inClasses.Value.Contains(member.Uri.Endpoint));
        _zones.Keep(homes.Select(static home => home.Key).ToHashSet());
        List<SetShares> sets = [];
        Dictionary<int, ShareMap?> maps = [];
        Dictionary<int, ZoneUse> zones = [];
        List<int> withoutTable = [];
        List<int> withoutPercentages = [];
        List<int> withoutZone = [];
        List<int> waiting = [];
        foreach (var home in homes)
        {
            var (text, known) = _maps.TryGetValue(home.Key, out var read) ? (read.Text, true) : (null, false);
            if (text is null && !HasShares(home, shares.Splits, starts))
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
            if (!_hasTable)
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
                _starts.Finish(wanted.Started);
                var isOther = known && IsOther(text, wanted.Map);
                var waits = isOther && _zones.MayWait(wanted, map, shares.Splits.GetValueOrDefault(home.Key));
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
        foreach (var (set, (text, _)) in _maps.Where(map => map.Value.Text is not null && !homes.Contains(map.Key)))
        {
            maps[set] = null;
        }

        sets.RemoveAll(static set => set.Shares.IsEmpty && set.Idle.IsEmpty);
        number(sets.Where(static set => set.Unnumbered.Any()).ToDictionary(static set => set.Set, static set => set.Unnumbered.Select(static one => one.Text).ToImmutableSortedSet(StringComparer.Ordinal)));
        var result = new CycleShares(sets, maps)
        {
            WithoutTable = withoutTable,
            WithoutPercentages = withoutPercentages,
            WithoutZone = withoutZone,
            HasTable = _hasTable,
            Way = way,
            AreWaiting = waiting.Count > 0,
            IsMoving = _starts.AreAny || waiting.Count > 0,
            Situation = new ShareSituation
            {
                HasTable = !_hasTable ? false : _maps.Count > 0 ? true : null,
                Zone = zone?.Zone,
                Zones = zones,
                Starting = sets.SelectMany(static set => set.Starting).ToDictionary(),
            },
        };
        observe?.Invoke(result, listed);
        return (followed.Share(result), result);
    }

    /// <summary>Writes the maps that are to be written, and reads them back. A set at a time: each is one call, and in force at once.</summary>
    /// <param name="shares">What <see cref="ShareAsync"/> said.</param>
    /// <param name="troubles">Told what keeps them from being followed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether shares are in force as they are wished, but for what the plan of the cycle owes.</returns>
    public async Task<bool> WriteAsync(CycleShares shares, TroubleTracker troubles, CancellationToken cancellationToken)
    {
        ShareTroubles.Meet(shares, troubles);
        var areAll = shares.AreFollowed;
        foreach (var (set, map) in shares.Maps)
        {
            ListedMap back;
            try
            {
                await table.WriteAsync(set, map, cancellationToken).ConfigureAwait(false);
                back = await table.ReadAsync(set, cancellationToken).ConfigureAwait(false);
            }
            catch (KamailioFaultException fault)
            {
                // Of one set, for want of memory say: members are followed all the same.
                _faults[set] = fault.Message;
                continue;
            }

            _maps[set] = (back.Text, timeProvider.GetTimestamp());
            _zones.Written(set);
            if (back.Text != map?.Text)
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

        ShareTroubles.Refused(_faults, troubles);
        return areAll && _faults.Count == 0;
    }

    /// <summary>Whether calls may be shared otherwise than evenly.</summary>
    private bool HasShares(IGrouping<int, Member> home, ImmutableSortedDictionary<int, Split> splits, IReadOnlyDictionary<MemberKey, MemberStart> starts) =>
        zone is not null || splits.ContainsKey(home.Key) || (starts.Count > 0 && home.Any(member => starts.ContainsKey(member.Key))) || (way != ShareWay.Attributes && home.Select(static member => member.Weight).Distinct().Take(2).Count() > 1);

    private static bool IsHome(ShareMap? map) => map is null || map.Equals(ShareMap.Home);

    /// <summary>Whether Kamailio has another map than the wanted one: none is as good as one that names the home set only.</summary>
    private static bool IsOther(string? text, ShareMap? wanted) => IsHome(wanted) ? text is not null : text != wanted!.Text;

    private async Task ReadAsync(IReadOnlyList<int> homes, KamailioInstance instance, CancellationToken cancellationToken)
    {
        if (instance != _instance)
        {
            // Empty after a start, and another config perhaps.
            (_instance, _hasTable) = (instance, true);
            _maps.Clear();
        }

        _faults.Clear();
        foreach (var set in homes.TakeWhile(_ => _hasTable).Where(IsUnknown).ToList())
        {
            ListedMap read;
            try
            {
                read = await table.ReadAsync(set, cancellationToken).ConfigureAwait(false);
            }
            catch (KamailioFaultException fault)
            {
                _faults[set] = fault.Message;
                continue;
            }

            _hasTable = read.HasTable;
            if (!_hasTable)
            {
                _maps.Clear();
                return;
            }

            _maps[set] = (read.Text, timeProvider.GetTimestamp());
        }
    }

    private bool IsUnknown(int set) => !_maps.TryGetValue(set, out var known) || (known.Text is not null && timeProvider.GetElapsedTime(known.ReadAt) >= ReadInterval * Math.Max(1, _maps.Count / (double)ReadsPerSecond));
}
