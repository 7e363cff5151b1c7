using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>How the calls of each set are shared in one cycle: values only.</summary>
internal sealed class CycleShares
{
    private const string NoShare = "the split of its set gives it no share";

    private const string Apart = "starts slowly, in its class alone";

    private readonly ILookup<MemberKey, MemberKey> _copies;
    private readonly ILookup<MemberKey, MemberKey> _kept;
    private readonly HashSet<MemberKey> _idle = [];
    private readonly HashSet<MemberKey> _apart = [];

    /// <param name="sets">The sets that have classes, or idle members.</param>
    /// <param name="maps">The maps that are to be written: of each set the new one, null for none any more.</param>
    /// <param name="kept">Who stays in a class that Kamailio's map still names; null for nobody.</param>
    public CycleShares(IReadOnlyList<SetShares> sets, IReadOnlyDictionary<int, ShareMap?> maps, IReadOnlyList<(MemberKey Home, MemberKey Class)>? kept = null)
    {
        (Sets, Maps) = (sets, maps);
        foreach (var shares in sets)
        {
            _idle.UnionWith(shares.Idle);
            _apart.UnionWith(shares.Apart);
        }

        _copies = sets.SelectMany(static shares => shares.ClassMembers.Select(copy => (Home: new MemberKey(shares.Set, copy.Key.Name), copy.Key))).ToLookup(static copy => copy.Home, static copy => copy.Key);
        _kept = (kept ?? []).ToLookup(static one => one.Home, static one => one.Class);
        ClassKeys = _kept.Count == 0 ? _copies : _copies.Concat(_kept).SelectMany(static of => of.Select(key => (Home: of.Key, Class: key))).ToLookup(static one => one.Home, static one => one.Class);
    }

    /// <summary>No set has shares.</summary>
    public static CycleShares None { get; } = new([], ImmutableDictionary<int, ShareMap?>.Empty);

    public IReadOnlyList<SetShares> Sets { get; }

    public IReadOnlyDictionary<int, ShareMap?> Maps { get; }

    /// <summary>The sets whose shares cannot be followed, since Kamailio has no table for maps.</summary>
    public IReadOnlyList<int> WithoutTable { get; init; } = [];

    /// <summary>The sets whose weights are percentages that cannot be followed, since Kamailio has no table for maps: there they are relative attributes.</summary>
    public IReadOnlyList<int> WithoutPercentages { get; init; } = [];

    /// <summary>The sets in which no zone can be preferred, since Kamailio has no table for maps.</summary>
    public IReadOnlyList<int> WithoutZone { get; init; } = [];

    /// <summary>The sets that are split between values that nobody has who is ready, while others are: those get the calls.</summary>
    public IReadOnlyList<int> Unserved { get; init; } = [];

    /// <summary>The sets whose classes have numbers in etcd that another set's have too.</summary>
    public IReadOnlyList<int> Claimed { get; init; } = [];

    /// <summary>Whether Kamailio has a table for maps.</summary>
    public bool HasTable { get; init; }

    /// <summary>What there is to report.</summary>
    public ShareSituation Situation { get; init; } = ShareSituation.None;

    /// <summary>The sets whose maps are to be written within a moment, and not now.</summary>
    public IReadOnlyList<int> Waiting { get; init; } = [];

    /// <summary>Whether a set's map is in Kamailio as it is wished: nothing is to be written.</summary>
    public bool IsInForce(int set) => !Maps.ContainsKey(set) && !Waiting.Contains(set);

    /// <summary>Whether what is wished changes by itself within a moment.</summary>
    public bool IsMoving { get; init; }

    /// <summary>How weights travel.</summary>
    public ShareWay Way { get; init; }

    /// <summary>Whether nothing is owed but the maps, and what a plan owes: each class has a number.</summary>
    public bool AreFollowed => WithoutTable.Count == 0 && Waiting.Count == 0 && Sets.All(static shares => !shares.Unnumbered.Any());

    /// <summary>The policy that plans go by.</summary>
    public PlanPolicy PolicyOf(PlanPolicy policy) => policy with { HasShareMaps = HasTable && Way != ShareWay.Attributes };

    /// <summary>Where members stand beside their home sets; one that changes its class in both.</summary>
    public ILookup<MemberKey, MemberKey> ClassKeys { get; }

    /// <summary>Those that get calls by their classes alone, and are not in their home sets.</summary>
    public IReadOnlySet<MemberKey> ApartKeys => _apart;

    /// <summary>How long nothing needs to be read again.</summary>
    /// <param name="rest">For other reasons.</param>
    public TimeSpan Rest(TimeSpan rest) => IsMoving && rest > SlowStarts.Step ? SlowStarts.Step : rest;

    /// <summary>The same members with their copies in the sets of their classes, and those without a share draining.</summary>
    public IReadOnlyList<Member> Expand(IReadOnlyList<Member> members) => Sets.Count == 0
        ? members
        :
        [
            .. members.Select(Shared).Select(member => member.State == MemberState.Ready && _apart.Contains(member.Key) ? member with { State = MemberState.Draining, Reason = Apart } : member),
            .. members.SelectMany(member => _copies[member.Key].Select(key => member with { Key = key })),

            // By the shares before it may have calls there.
            .. members.SelectMany(member => _kept[member.Key].Select(key => Shared(member) with { Key = key })),
        ];

    private Member Shared(Member member) => member.State == MemberState.Ready && _idle.Contains(member.Key) ? member with { State = MemberState.Draining, Reason = NoShare } : member;
}
