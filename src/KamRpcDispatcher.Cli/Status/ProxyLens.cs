using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>What one proxy's report says of each member, and whether it can be believed now.</summary>
internal sealed class ProxyLens
{
    private readonly HashSet<int> _readySets;
    private readonly Dictionary<int, int> _followed;
    private readonly ProxyStatus? _whole;
    private readonly Dictionary<MemberKey, Deviation> _deviations;
    private readonly Dictionary<int, int> _named;
    private readonly Dictionary<MemberKey, UnsharedMember> _unshared;
    private readonly (string What, string Age)? _doubt;

    /// <param name="proxy">The proxy.</param>
    /// <param name="members">Everybody who is announced.</param>
    /// <param name="ages">How old reports are.</param>
    /// <param name="now">The time.</param>
    /// <param name="shown">The sets that are to be shown; null for all.</param>
    public ProxyLens(ReportingProxy proxy, IReadOnlyList<AnnouncedMember> members, ReportAges ages, DateTimeOffset now, IReadOnlySet<int>? shown)
    {
        (Proxy, Age, Lag, _whole) = (proxy, ages.Of(proxy), ages.LagOf(proxy), proxy.Status);
        List<AnnouncedMember> ready = [.. members.Where(announced => StateOf(announced) == MemberState.Ready)];
        _readySets = [.. ready.Select(static announced => announced.Member.Key.Set)];
        _followed = ready.Where(announced => announced.ModRevision <= _whole?.Revision).CountBy(static announced => announced.Member.Key.Set).ToDictionary();
        Name = SafeText.Shorten(proxy.Name);
        IReadOnlyList<Deviation> deviations = _whole is null ? [] : _whole.Deviations;

        // Of one name there may be several. The worst comes first; the address that a member had before leaves, whatever becomes of it now.
        _deviations = deviations.Where(static deviation => deviation.Kind != DeviationKind.Leaving).GroupBy(static deviation => new MemberKey(deviation.Set, deviation.Name)).ToDictionary(static group => group.Key, static group => group.First());
        _named = deviations.Where(KeepsFromCalls).GroupBy(static deviation => deviation.Set).ToDictionary(static set => set.Key, static set => set.Count());
        _unshared = (_whole?.Unshared ?? []).DistinctBy(static unshared => unshared.Member).ToDictionary(static unshared => unshared.Member);
        Status = _whole is null || shown is null ? _whole : ReportFilter.Of(_whole, shown, set => _whole.Sets.ContainsKey(set) || IsFineThoughNotNamed(set));
        Deviations = Status is null ? [] : [.. Status.Deviations];
        _doubt = Doubt(now);
    }

    public ReportingProxy Proxy { get; }

    /// <summary>Safe to print.</summary>
    public string Name { get; }

    public ReportAge Age { get; }

    /// <summary>Whether it takes into account what operators wish.</summary>
    public bool FollowsIntents => _whole is { FollowsIntents: true };

    /// <summary>How far it is behind the deletions of members.</summary>
    public FollowLag Lag { get; }

    /// <summary>What is to be shown of its report.</summary>
    public ProxyStatus? Status { get; }

    public IReadOnlyList<Deviation> Deviations { get; }

    /// <summary>Why nobody knows what is so at this proxy now, in a few words; null when its report is to be believed.</summary>
    public string? WhyUnknown => _doubt is { } doubt ? doubt.What + doubt.Age : null;

    /// <summary>The same without how long: of two proxies with one cause it is the same.</summary>
    public string? KindOfDoubt => _doubt?.What;

    /// <summary>Whether the report is of a version that does not say who gets calls.</summary>
    public bool IsOfOlderVersion => Status is { } status && (status.Version is null || status.WrittenAt is null);

    /// <summary>Whether Kamailio does not answer, by what the proxy itself says.</summary>
    public bool IsKamailioLost => Status is { } status && (status.Contact is { Answers: false } || LostTrouble is not null);

    /// <summary>What an earlier version, or one that is still in doubt, tells of that.</summary>
    public ProxyTrouble? LostTrouble => Status?.Troubles.FirstOrDefault(static trouble => trouble.Kind == TroubleKind.Kamailio);

    /// <summary>For how long its dispatcher was seen to hang, where it does.</summary>
    public TimeSpan HangsFor => Status is { Hangs: true, Loop: { } loop } ? loop.For - loop.Longest + (Age.Age ?? TimeSpan.Zero) : TimeSpan.Zero;

    /// <summary>Whether the proxy is at changes for so long that its list was not read meanwhile.</summary>
    public bool IsAtChanges => Status is { Contact.Answers: true, Hangs: false, IsListOld: true };

    /// <summary>Whether the proxy has this set to serve with the members that etcd has of it, as far as is known.</summary>
    public bool Serves(int set) => _whole?.ElsewhereOf(set) is null && MayServe(set);

    /// <summary>Whether it has this set to serve, wherever its members come from.</summary>
    public bool MayServe(int set) => _whole is { Serves: { IsEmpty: false } named } ? named.Contains(set)
        : _whole is not { } status || IsOfOlderVersion || status.Revision == 0 || status.MoreSets > 0
        || (status.Sets.TryGetValue(set, out var counts) ? counts.Wanted is not null : !_readySets.Contains(set));

    /// <summary>Whether it serves the set, and weights of its members are attributes of destinations there, by what it reports: one that says nothing of shares is of a version that knew nothing else.</summary>
    public bool HasAttributesIn(int set) => _whole is { } status && Serves(set)
        && (status.Shares is null or { Way: ShareReport.Attributes } || status.Splits is { HasTable: false }) && status.Shares?.Classes.Any(one => one.Set == set) != true;

    /// <summary>Whether the report tells how a set is, by naming it or by having had room for others of which there is less to tell.</summary>
    public bool Knows(int set) => _whole is { } status && (status.MoreSets == 0 || status.Sets.ContainsKey(set) || IsFineThoughNotNamed(set));

    /// <summary>Whether the report names all destinations of which something of a kind could be said, or of which something worse.</summary>
    public bool NamesAll(string kind) =>
        _whole is { } status && (status.MoreDeviations == 0 || status.Deviations.Any(deviation => DeviationKind.WorstFirst.IndexOf(deviation.Kind) > DeviationKind.WorstFirst.IndexOf(kind)));

    /// <summary>Whether it is known that one which is not announced any more, and of which the report says nothing, is not in Kamailio's list.</summary>
    public bool HasForgotten => WhyUnknown is null && Lag.Records == 0 && _whole is { MoreDeviations: 0, Follows: not null };

    /// <summary>The calls that the set's routable destinations take, where each is full (algorithm 10); null where one has room, or nobody knows.</summary>
    public long? FullOf(int set) => WhyUnknown is null && Status is { } status && status.Sets.TryGetValue(set, out var counts) ? counts.Full : null;

    /// <summary>What a member that starts slowly there gets of its share, in per cent; null of one that does not, or where nobody knows.</summary>
    public int? StartOf(MemberKey member) => WhyUnknown is null ? Status?.Starting.FirstOrDefault(starting => starting.Member == member)?.Share : null;

    /// <summary>Whether nobody gets calls of the set there but members that start slowly: what they have is all of them.</summary>
    public bool OnlyStartersIn(int set) => WhyUnknown is null && Status is { MoreStarting: 0 } status && status.Sets.TryGetValue(set, out var counts) && counts.Serving is { } serving
        && counts.Routable <= serving && StartersIn(set) >= serving;

    /// <summary>How many members of the set start slowly there.</summary>
    public int StartersIn(int set) => Status?.Starting.Count(starting => starting.Member.Set == set) ?? 0;

    /// <summary>Why a ready member gets only what fails over there, by the share map; null of one that gets its calls, or where nobody knows.</summary>
    public UnsharedMember? UnsharedOf(AnnouncedMember announced) => WhyUnknown is not null ? null
        : OtherZoneFor(announced) is not null ? new UnsharedMember(announced.Member.Key, FailOverOnly.Zone)
        : _unshared.GetValueOrDefault(announced.Member.Key);

    /// <summary>The zone that it prefers, and whose members get the calls of the set; null where it prefers none, or nobody knows.</summary>
    public (string Zone, ZoneUse Use)? ZoneIn(int set) => WhyUnknown is null && Status is { Zone: { } zone } status && status.Sets.TryGetValue(set, out var counts) && counts.Zone is { } use ? (zone, use) : null;

    /// <summary>The zone that it prefers, where the members of that have the calls of the set and this one is of another zone: it gets those that they cannot take; null else, or where nobody knows.</summary>
    public string? OtherZoneFor(AnnouncedMember announced) => ZoneIn(announced.Member.Key.Set) is ({ } zone, ZoneUse.Own) && announced.Member.Labels.GetValueOrDefault(ZonePreference.Label) != zone ? zone : null;

    /// <summary>Whether it is known that no destination of the set gets calls there, whoever put it there.</summary>
    public bool HasNobodyIn(int set) => WhyUnknown is null && Status is { } status && status.Sets.TryGetValue(set, out var counts) && counts is { Wanted: not null, Routable: 0 };

    /// <summary>Whether the proxy tells of a set only since somebody was in it: its list has nothing of it, and <c>--set</c> does not name it.</summary>
    public bool HasNothingLeftIn(int set) => _whole is { } status && !status.Serves.Contains(set) && status.Sets.TryGetValue(set, out var counts) && counts is { Wanted: 0, Destinations: 0 };

    /// <summary>Whether another proxy reports under its name: what stands there is of one of them.</summary>
    public bool SharesItsName => _whole?.Troubles.Any(static trouble => trouble.Kind == TroubleKind.Name) == true;

    /// <summary>The sets in which nobody is ready and nobody gets calls there.</summary>
    public IEnumerable<int> SetsWithoutAnybody => WhyUnknown is not null || Status is not { } status ? [] : status.Sets.Where(set => set.Value.HasNobody && status.ElsewhereOf(set.Key) is null).Select(static set => set.Key);

    /// <summary>What the report says of a member.</summary>
    /// <param name="announced">The member.</param>
    /// <param name="deviation">What is not as wished there, if the report names it.</param>
    public CallState CallsOf(AnnouncedMember announced, out Deviation? deviation)
    {
        deviation = null;
        if (WhyUnknown is not null || _whole is not { } status)
        {
            return CallState.Unknown;
        }

        if (_deviations.TryGetValue(announced.Member.Key, out deviation))
        {
            if (!announced.IsDrained || !KeepsFromCalls(deviation))
            {
                return CallsOf(deviation);
            }

            // Whatever keeps calls from it, an operator wishes that it gets none.
            deviation = null;
            return CallState.None;
        }

        if (StateOf(announced) != MemberState.Ready)
        {
            // It may have been silenced, and get calls again by somebody else's doing.
            return HasSilenced(announced) && NamesAll(DeviationKind.Serving) ? CallState.None : CallState.Unknown;
        }

        return status.Revision < announced.ModRevision || !HasApplied(announced) ? CallState.Unknown
            : HasRoomForNoOther(announced.Member.Key.Set, status) && KnowsReady(announced) ? Reached(announced, status)
            : status.Sets.TryGetValue(announced.Member.Key.Set, out var counts) && counts is { Serving: 0 } ? CallState.None
            : CallState.Unknown;
    }

    /// <summary>Of one that is routable. Of each set in which somebody has no slot one is named, as long as there is room.</summary>
    private CallState Reached(AnnouncedMember announced, ProxyStatus status) => UnsharedOf(announced) is not null ? CallState.FailOver
        : status.MoreUnshared > 0 && _unshared.Keys.Any(key => key.Set == announced.Member.Key.Set) ? CallState.Unknown
        : CallState.All;

    /// <summary>Whether the proxy has done what an operator wishes of a member that is not drained; of one of which nobody wishes anything, or by a proxy that follows no such thing, nothing is to be done.</summary>
    public bool HasApplied(AnnouncedMember announced) => announced.Intent is null || !FollowsIntents || _whole!.Intents?.Revision >= announced.IntentRevision;

    /// <summary>Whether the proxy has taken calls from a member that is to get none, by its own record or by an operator's wish.</summary>
    public bool HasSilenced(AnnouncedMember announced) => _whole is { } status && (status.Silenced ?? status.Revision) >= announced.ModRevision
        && (!announced.IsDrained || (FollowsIntents && (status.Intents?.Silenced ?? status.Intents?.Revision) >= announced.IntentRevision));

    /// <summary>
    /// Whether the proxy counts no fewer ready members in the set than there are, so that it takes this one to be ready. A drain that is taken back leaves no record that a proxy could be seen to lack; and
    /// one that follows no intents, or not any more, may have those of before in force.
    /// </summary>
    public bool KnowsReady(AnnouncedMember announced) => _whole!.Sets.TryGetValue(announced.Member.Key.Set, out var counts) ? !(counts.Wanted < _followed.GetValueOrDefault(announced.Member.Key.Set)) : StateOf(announced) == announced.Effective;

    public static CallState CallsOf(Deviation deviation) => deviation.Kind switch
    {
        DeviationKind.Serving => CallState.All,

        // Kept as it was: by Kamailio's own verdict it may get none.
        DeviationKind.Held => deviation.Flags is ['A' or 'T', ..] ? CallState.All : CallState.None,
        DeviationKind.Leaving => CallState.None,
        _ => KeepsFromCalls(deviation) ? CallState.None : CallState.Unknown,
    };

    /// <summary>Whether it is a ready member that gets no calls.</summary>
    public static bool KeepsFromCalls(Deviation deviation) => deviation.Kind
        is DeviationKind.Missing or DeviationKind.Refused or DeviationKind.Inactive or DeviationKind.Disabled or DeviationKind.Superseded;

    /// <summary>Whether every ready member of the set gets calls that the report does not name. It may name the first ones only, and the first sets.</summary>
    private bool HasRoomForNoOther(int set, ProxyStatus status) => status.Sets.TryGetValue(set, out var counts)
        ? counts is { Wanted: { } wanted, Serving: { } serving } && wanted - serving <= _named.GetValueOrDefault(set)
        : IsFineThoughNotNamed(set);

    /// <summary>Sets of which something is to be told come first: where there was room for another one, there was for all of these.</summary>
    public bool IsFineThoughNotNamed(int set) =>
        _whole is { MoreSets: > 0 } status && !status.Sets.ContainsKey(set) && !_named.ContainsKey(set) && status.Sets.Values.Any(static other => other.IsFine);

    /// <summary>The state that the proxy takes a member to be in, as soon as it has followed.</summary>
    private MemberState StateOf(AnnouncedMember announced) => FollowsIntents ? announced.Effective : announced.Member.State;

    private (string What, string Age)? Doubt(DateTimeOffset now)
    {
        if (Status is not { } status)
        {
            return Because("its report cannot be read");
        }

        if (Age.Freshness == ReportFreshness.Stale)
        {
            return ("its report is", $" {Ages.Show(Age.Age!.Value)} old");
        }

        if (Age.Freshness == ReportFreshness.Doubtful)
        {
            return Because("by this host's clock its report is old, or of the future");
        }

        const string Silent = "Kamailio does not answer";
        return status.Contact is { Answers: false } contact ? (Silent, For(now - contact.Since))
            : LostTrouble is { } lost ? (Silent, For(now - lost.Since))
            : status.Hangs ? ("its dispatcher hangs", For(HangsFor))
            : IsOfOlderVersion ? Because("its kamrpc is older and does not say")
            : status.Contact is null ? Because("it has not seen its Kamailio yet")
            : _whole is { Revision: 0, Sets.IsEmpty: true } ? Because("it has followed nothing yet")
            : null;

        static (string What, string Age)? Because(string what) => (what, string.Empty);

        static string For(TimeSpan duration) => $", for {Ages.Show(duration)}";
    }
}
