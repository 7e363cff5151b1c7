using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Reports;
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
internal sealed class ShareKeeper(
    IShareTable table, PlanPolicy policy, ShareWay way, Action<IReadOnlyDictionary<int, ImmutableSortedSet<string>>> number, TimeProvider timeProvider, ILogger<ShareKeeper> logger)
{
    /// <summary>How often maps are read that somebody else may have changed; less often where there are very many of them, so that no more than so many are read in a second.</summary>
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);
    private const int ReadsPerSecond = 20;

    /// <summary>The texts that Kamailio has, of the sets that were read.</summary>
    private readonly Dictionary<int, (string? Text, long ReadAt)> _maps = [];
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
        var numbers = Numbers(shares);
        var routable = new Lazy<HashSet<EndpointKey>>(
            () => [.. listed.Destinations.Where(static entry => entry.IsRoutable).Select(static entry => new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri)))], LazyThreadSafetyMode.None);
        List<SetShares> sets = [];
        Dictionary<int, ShareMap?> maps = [];
        List<int> withoutTable = [];
        List<int> withoutPercentages = [];
        foreach (var home in homes)
        {
            var (text, known) = _maps.TryGetValue(home.Key, out var read) ? (read.Text, true) : (null, false);
            if (text is null && !HasShares(home, shares.Splits))
            {
                // As most sets are: nothing is parsed for them, once a second.
                continue;
            }

            var map = ShareMap.TryParse(text, out var parsed, out _) ? parsed : null;
            var wanted = SetShares.Of(
                home.Key, way != ShareWay.Attributes ? home : home.Select(static member => member with { Weight = null }), shares.Splits.GetValueOrDefault(home.Key), numbers.GetValueOrDefault(home.Key, ImmutableSortedDictionary<string, int>.Empty), routable.Value, map, isRefused: isRefused, arePercentages: way == ShareWay.Percent);
            if (!_hasTable)
            {
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
                if (known && IsOther(text, wanted.Map))
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
        var result = new CycleShares(sets, maps) { WithoutTable = withoutTable, WithoutPercentages = withoutPercentages, HasTable = _hasTable, FoundTable = !_hasTable ? false : _maps.Count > 0 ? true : null, Way = way };
        return (followed.Share(result), result);
    }

    /// <summary>Writes the maps that are to be written, and reads them back. A set at a time: each is one call, and in force at once.</summary>
    /// <param name="shares">What <see cref="ShareAsync"/> said.</param>
    /// <param name="troubles">Told what keeps them from being followed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether shares are in force as they are wished, but for what the plan of the cycle owes.</returns>
    public async Task<bool> WriteAsync(CycleShares shares, TroubleTracker troubles, CancellationToken cancellationToken)
    {
        if (shares.WithoutTable.Count > 0)
        {
            troubles.Meet(
                TroubleKind.Shares,
                "split by an operator, and Kamailio has no table for shares, so that its calls are shared evenly: kamrpc doctor beside it says which lines to add",
                shares.WithoutTable);
        }

        if (shares.WithoutPercentages.Count > 0)
        {
            troubles.Meet(
                TroubleKind.Shares,
                "weights are percentages here, and Kamailio has no table for shares, so that they are relative weights of destinations instead: kamrpc doctor beside it says which lines to add",
                shares.WithoutPercentages);
        }

        int[] overfull = [.. shares.Sets.Where(static set => set.IsOverfull).Select(static set => set.Set)];
        if (overfull.Length > 0)
        {
            troubles.Meet(
                TroubleKind.Shares,
                "the percentages of its ready members are too many: they are scaled to 100 together, and whoever has none gets no calls; announce less, or dispatch --share map",
                overfull);
        }

        var areAll = shares.AreFollowed;
        foreach (var (set, map) in shares.Maps)
        {
            await table.WriteAsync(set, map, cancellationToken).ConfigureAwait(false);
            var back = await table.ReadAsync(set, cancellationToken).ConfigureAwait(false);
            _maps[set] = (back.Text, timeProvider.GetTimestamp());
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
                ShareLog.Shared(logger, set, Words(shares.Sets.FirstOrDefault(one => one.Set == set)));
            }
        }

        return areAll;
    }

    /// <summary>What each class gets.</summary>
    internal static string Words(SetShares? shares) => shares is null
        ? string.Empty
        : string.Join(", ", shares.Shares.Select(static share => FormattableString.Invariant(
            $"{SafeText.Shorten(share.Class.Text)} {100m * share.Slots / ShareMap.Slots:0.0} % (wanted {share.Wanted / 10m:0.#} %, {share.Routable} of {share.Members} routable)")));

    /// <summary>Whether calls may be shared otherwise than evenly.</summary>
    private bool HasShares(IGrouping<int, Member> home, ImmutableSortedDictionary<int, Split> splits) =>
        splits.ContainsKey(home.Key) || (way != ShareWay.Attributes && home.Select(static member => member.Weight).Distinct().Take(2).Count() > 1);

    private static bool IsHome(ShareMap? map) => map is null || map.Equals(ShareMap.Home);

    /// <summary>Whether Kamailio has another map than the wanted one: none is as good as one that names the home set only.</summary>
    private static bool IsOther(string? text, ShareMap? wanted) => IsHome(wanted) ? text is not null : text != wanted!.Text;

    /// <summary>Two sets whose records claim one number would have their members in one set: the first one has it.</summary>
    private static ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>> Numbers(OperatorShares shares)
    {
        var taken = new HashSet<int>();
        return shares.Numbers.ToImmutableSortedDictionary(static set => set.Key, set => set.Value.Where(one => taken.Add(one.Value)).ToImmutableSortedDictionary(StringComparer.Ordinal));
    }

    private async Task ReadAsync(IReadOnlyList<int> homes, KamailioInstance instance, CancellationToken cancellationToken)
    {
        if (instance != _instance)
        {
            // Empty after a start, and another config perhaps.
            (_instance, _hasTable) = (instance, true);
            _maps.Clear();
        }

        foreach (var set in homes.TakeWhile(_ => _hasTable).Where(IsUnknown).ToList())
        {
            var read = await table.ReadAsync(set, cancellationToken).ConfigureAwait(false);
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
