using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Plan.Shares;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>Tells where calls go beyond the preferred zone, and has a map that need not be written at once wait a moment, so that a member that flaps has one written about once a second at most.</summary>
/// <param name="zone">The preferred zone; null for none: then no map waits.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ZoneWatch(ZonePreference? zone, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>How long after one map the next one is written that can wait. One that cannot may be between them.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly Dictionary<int, (Split? Split, long At)> _written = [];
    private readonly Dictionary<int, Split?> _asked = [];
    private readonly Dictionary<int, ZoneUse> _told = [];

    /// <summary>Whether the map that is wished may wait: the one that is there follows the same split, and names only classes in which somebody is routable.</summary>
    /// <param name="wanted">What is wished.</param>
    /// <param name="map">What is there; null for none.</param>
    /// <param name="split">The operator's split; null where there is none.</param>
    public bool MayWait(SetShares wanted, ShareMap? map, Split? split)
    {
        _asked[wanted.Set] = split;
        return zone is not null && map is not null && _written.TryGetValue(wanted.Set, out var last) && timeProvider.GetElapsedTime(last.At) < Pause && Equals(last.Split, split)
            && map.Counts.Keys.All(number => number == ShareMap.HomeNumber || wanted.Shares.Any(share => share.Number == number && share.Routable > 0));
    }

    /// <summary>The map of a set was written.</summary>
    public void Written(int set) => _written[set] = (_asked.GetValueOrDefault(set), timeProvider.GetTimestamp());

    /// <summary>Takes note of whose members get the calls of a set, by the map that is in force or about to be.</summary>
    /// <returns>The same; of one that waits what was before.</returns>
    public ZoneUse? Observe(SetShares shares, bool waits)
    {
        if (zone is null || shares.Zone is not { } use)
        {
            return null;
        }

        // Nobody stands in any class yet, as after a start of Kamailio's.
        if (use == ZoneUse.All && shares.Shares.All(static share => share.Routable == 0))
        {
            return use;
        }

        var isTold = _told.TryGetValue(shares.Set, out var told);
        if (isTold && (waits || told == use))
        {
            return told;
        }

        _told[shares.Set] = use;
        switch (use)
        {
            case ZoneUse.Own:
                ShareLog.ZoneServes(logger, shares.Set, zone.Zone);
                break;
            case ZoneUse.Partly:
                ShareLog.ZoneServesPartly(logger, shares.Set, zone.Zone);
                break;
            case ZoneUse.All:
                ShareLog.ZoneIsShort(logger, shares.Set, zone.Zone, zone.MinRoutable);
                break;
            default:
                ShareLog.ZoneIsAbsent(logger, shares.Set, zone.Zone);
                break;
        }

        return use;
    }

    /// <summary>Forgets the sets that nobody is left in.</summary>
    /// <param name="sets">Those in which somebody is.</param>
    public void Keep(IReadOnlySet<int> sets)
    {
        foreach (var set in _told.Keys.Concat(_asked.Keys).Where(set => !sets.Contains(set)).ToList())
        {
            _told.Remove(set);
            _asked.Remove(set);
            _written.Remove(set);
        }
    }
}
