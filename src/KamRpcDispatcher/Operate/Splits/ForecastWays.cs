using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Operate.Splits;

/// <summary>How weights count at a proxy, as far as its report says.</summary>
internal enum ForecastWay
{
    /// <summary>Relative to each other, by a share map.</summary>
    Map,

    /// <summary>As percentages, by a share map.</summary>
    Percent,

    /// <summary>As attributes of destinations, by Kamailio's own algorithm.</summary>
    Attributes,
}

/// <summary>What proxies make of the shares of a set before a change, and after it: one sums weights up as another does not, and somebody starts slowly at some.</summary>
internal sealed class ForecastWays
{
    private const int MostNamed = 8;

    /// <summary>What rounds to the same tenth of a per cent is the same.</summary>
    private const double Least = 0.05;

    private readonly int _set;
    private readonly (IReadOnlyList<Member> Members, Split? Split) _before;
    private readonly (IReadOnlyList<Member> Members, Split? Split) _after;
    private readonly List<(LiveProxy Proxy, ForecastWay Way)> _proxies;
    private readonly Dictionary<ForecastWay, (ForecastSide Now, ForecastSide Then)> _sides = [];

    /// <param name="proxies">Those that may serve the set.</param>
    /// <param name="set">The set.</param>
    /// <param name="before">Its members as operators wish them, and its split.</param>
    /// <param name="after">The same after the change.</param>
    public ForecastWays(IEnumerable<LiveProxy> proxies, int set, (IReadOnlyList<Member> Members, Split? Split) before, (IReadOnlyList<Member> Members, Split? Split) after)
    {
        (_set, _before, _after) = (set, before, after);
        _proxies = [.. proxies.Where(static proxy => proxy.Status is not null).Select(static proxy => (proxy, WayOf(proxy)))];
        Way = _proxies.CountBy(static one => one.Way).OrderByDescending(static count => count.Value).ThenBy(static count => count.Key).Select(static count => count.Key).FirstOrDefault();
    }

    /// <summary>That of most proxies, by which the shares are reckoned.</summary>
    public ForecastWay Way { get; }

    /// <summary>How one has it, before and after, nobody starting slowly any more.</summary>
    public (ForecastSide Now, ForecastSide Then) At(LiveProxy proxy) => Of(WayOf(proxy));

    /// <summary>Who gets which share, by name.</summary>
    public IReadOnlyList<MemberForecast> Members()
    {
        var starts = Starting();
        var now = starts.Count == 0 ? Of(Way).Now : new ForecastSide(_set, _before.Members, _before.Split, RulesOf(Way) with { Starts = starts });
        var then = Of(Way).Then;
        return [.. _after.Members.Select(static member => member.Key.Name).Order(StringComparer.Ordinal).Select(name => new MemberForecast(name, now.PercentOf(name), then.PercentOf(name)))];
    }

    /// <summary>Why some have other shares, at some proxies or for a while; null where none has.</summary>
    public string? Note()
    {
        List<string> notes = [.. new[] { Attributes() }.OfType<string>(), .. _proxies.Select(static one => one.Way).Distinct().Where(way => way != Way && way != ForecastWay.Attributes).Order().Select(Others).OfType<string>(), .. Slow(), .. Zones(), .. Held()];
        return notes.Count == 0 ? null : FormattableString.Invariant($"set {_set}: {string.Join("; ", notes)}");
    }

    private static ForecastWay WayOf(LiveProxy proxy) => proxy.Status switch
    {
        { Splits: null or { HasTable: false } } or { Shares.Way: ShareReport.Attributes } => ForecastWay.Attributes,
        { Shares.Way: ShareReport.Percent } => ForecastWay.Percent,
        _ => ForecastWay.Map,
    };

    private static ShareRules RulesOf(ForecastWay way) => way == ForecastWay.Percent ? ShareRules.Default with { ArePercentages = true } : ShareRules.Default;

    private (ForecastSide Now, ForecastSide Then) Of(ForecastWay way)
    {
        if (!_sides.TryGetValue(way, out var sides))
        {
            _sides[way] = sides = (new ForecastSide(_set, _before.Members, _before.Split, RulesOf(way)), new ForecastSide(_set, _after.Members, _after.Split, RulesOf(way)));
        }

        return sides;
    }

    /// <summary>Those who start slowly now, as the first proxy that tells it has them.</summary>
    private Dictionary<MemberKey, MemberStart> Starting() => Way != ForecastWay.Map ? [] : _proxies.Where(static one => one.Way == ForecastWay.Map)
        .Select(one => one.Proxy.Status!.Starting.Where(start => start.Member.Set == _set).DistinctBy(static start => start.Member).ToDictionary(static start => start.Member, static start => new MemberStart(TenthsOf(start), TenthsOf(start), MayWait: false)))
        .FirstOrDefault(static starts => starts.Count > 0) ?? [];

    private static int TenthsOf(StartingMember start) => Math.Clamp(start.Share / 10, 1, MemberStart.Whole - 1);

    /// <summary>Where weights are attributes Kamailio's algorithm shares the calls, and which one that is nobody reports.</summary>
    private string? Attributes()
    {
        var (now, then) = Of(ForecastWay.Map);
        var names = Named(ForecastWay.Attributes);
        return names.Length > 0 && (now.AreMixed || then.AreMixed)
            ? $"{names} has weights as attributes of destinations, which Kamailio's weighted algorithms alone follow: these are not its shares ('kamrpc doctor' beside it tells them)"
            : null;
    }

    private string? Others(ForecastWay way)
    {
        var (main, other) = (Of(Way).Then, Of(way).Then);
        List<string> differ = [.. _after.Members.Select(static member => member.Key.Name).Order(StringComparer.Ordinal).Where(name => Math.Abs(main.PercentOf(name) - other.PercentOf(name)) >= Least).Select(name => FormattableString.Invariant($"{SafeText.Shorten(name, MemberValidation.MaxNameLength)} {other.PercentOf(name):0.0} %"))];
        return differ.Count == 0 ? null
            : $"{Named(way)} has weights {(way == ForecastWay.Percent ? "as percentages (--share percent)" : "relative to each other (--share map)")}, and so has then {Listed(differ)}";
    }

    private IEnumerable<string> Slow()
    {
        if (!_proxies.Exists(static one => one.Way == ForecastWay.Map))
        {
            yield break;
        }

        HashSet<MemberKey> served = [.. _before.Members.Where(static member => member.State == MemberState.Ready).Select(static member => member.Key)];
        foreach (var alike in _after.Members.Where(member => served.Count > 0 && member is { State: MemberState.Ready, SlowStart: not null } && !served.Contains(member.Key)).GroupBy(static member => member.SlowStart!.Value))
        {
            yield return FormattableString.Invariant($"{Listed([.. alike.Select(static member => SafeText.Shorten(member.Key.Name, MemberValidation.MaxNameLength))])} begins with a tenth of that, and has all of it after {alike.Key.TotalSeconds:0} s");
        }

        List<MemberKey> starting = [.. Starting().Keys.Order()];
        if (starting.Count > 0)
        {
            yield return $"{Listed([.. starting.Select(static key => SafeText.Shorten(key.Name, MemberValidation.MaxNameLength))])} starts slowly now: what is said of then is so when that is over";
        }
    }

    /// <summary>Where a zone has nobody who is ready, or nobody else is, it makes no difference.</summary>
    private IEnumerable<string> Zones()
    {
        foreach (var alike in _proxies.Where(static one => one.Proxy.Status!.Zone is not null && one.Way != ForecastWay.Attributes).GroupBy(static one => one.Proxy.Status!.Zone!, StringComparer.Ordinal).OrderBy(static alike => alike.Key, StringComparer.Ordinal))
        {
            var served = Of(Way).Then.Served;
            var near = served.Count(member => member.Labels.GetValueOrDefault(ZonePreference.Label) == alike.Key);
            if (near > 0 && near < served.Count)
            {
                yield return $"{Named(alike)} has members of zone {SafeText.Shorten(alike.Key)} first: these are not its shares while enough of those are routable (--zone-min)";
            }
        }
    }

    /// <summary>Whoever is held is not announced any more, and is routed to beside those who are.</summary>
    private IEnumerable<string> Held() => _proxies
        .Select(one => (one.Proxy, Way: one.Way, Held: one.Proxy.Status!.Held.Where(member => member.Key.Set == _set).Select(static member => SafeText.Shorten(member.Key.Name, MemberValidation.MaxNameLength)).Order(StringComparer.Ordinal).ToList(), More: one.Proxy.Status.MoreHeld))
        .Where(static one => one.Held.Count > 0 || one.More > 0)
        .GroupBy(static one => one.Held.Count > 0 ? Listed(one.Held) : "more members than its report names", StringComparer.Ordinal)
        .Select(alike => $"{Named(alike.Select(static one => (one.Proxy, one.Way)))} hold{(alike.Skip(1).Any() ? string.Empty : "s")} {alike.Key} after a mass expiry (PANIC), and send{(alike.Skip(1).Any() ? string.Empty : "s")} calls there too: these are not its shares until that is over or confirmed{ByTheSplit}");

    /// <summary>Which labels they have no report says.</summary>
    private string ByTheSplit => _after.Split is null ? string.Empty : ", and who of them has no value with a share is disabled";

    private string Named(ForecastWay way) => Named(_proxies.Where(one => one.Way == way));

    private static string Named(IEnumerable<(LiveProxy Proxy, ForecastWay Way)> proxies) => Listed([.. proxies.Select(static one => SafeText.Shorten(one.Proxy.Name))]);

    private static string Listed(List<string> names) => string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? FormattableString.Invariant($" and {names.Count - MostNamed} more") : string.Empty);
}
