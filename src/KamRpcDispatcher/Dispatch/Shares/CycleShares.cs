using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>How the calls of each set are shared in one cycle: values only.</summary>
internal sealed class CycleShares
{
    private const string NoShare = "the split of its set gives it no share";

    private readonly Dictionary<MemberKey, MemberKey> _classKeys = [];
    private readonly HashSet<MemberKey> _idle = [];

    /// <param name="sets">The sets that have classes, or idle members.</param>
    /// <param name="maps">The maps that are to be written: of each set the new one, null for none any more.</param>
    public CycleShares(IReadOnlyList<SetShares> sets, IReadOnlyDictionary<int, ShareMap?> maps)
    {
        (Sets, Maps) = (sets, maps);
        foreach (var shares in sets)
        {
            foreach (var copy in shares.ClassMembers)
            {
                _classKeys[new MemberKey(shares.Set, copy.Key.Name)] = copy.Key;
            }

            _idle.UnionWith(shares.Idle);
        }
    }

    /// <summary>No set has shares.</summary>
    public static CycleShares None { get; } = new([], ImmutableDictionary<int, ShareMap?>.Empty);

    public IReadOnlyList<SetShares> Sets { get; }

    public IReadOnlyDictionary<int, ShareMap?> Maps { get; }

    /// <summary>The sets whose shares cannot be followed, since Kamailio has no table for maps.</summary>
    public IReadOnlyList<int> WithoutTable { get; init; } = [];

    /// <summary>The sets whose weights are percentages that cannot be followed, since Kamailio has no table for maps: there they are relative attributes.</summary>
    public IReadOnlyList<int> WithoutPercentages { get; init; } = [];

    /// <summary>Whether Kamailio has a table for maps.</summary>
    public bool HasTable { get; init; }

    /// <summary>The same as somebody may be told: null where nobody has looked, since there is no set to look for.</summary>
    public bool? FoundTable { get; init; }

    /// <summary>How weights travel.</summary>
    public ShareWay Way { get; init; }

    /// <summary>Whether nothing is owed but the maps, and what a plan owes: each class has a number.</summary>
    public bool AreFollowed => WithoutTable.Count == 0 && Sets.All(static shares => !shares.Unnumbered.Any());

    /// <summary>The policy that plans go by.</summary>
    public PlanPolicy PolicyOf(PlanPolicy policy) => policy with { HasShareMaps = HasTable && Way != ShareWay.Attributes };

    /// <summary>Where members stand beside their home sets.</summary>
    public IReadOnlyDictionary<MemberKey, MemberKey> ClassKeys => _classKeys;

    /// <summary>The same members with their copies in the sets of their classes, and those without a share draining.</summary>
    public IReadOnlyList<Member> Expand(IReadOnlyList<Member> members) => Sets.Count == 0
        ? members
        :
        [
            .. members.Select(member => member.State == MemberState.Ready && _idle.Contains(member.Key) ? member with { State = MemberState.Draining, Reason = NoShare } : member),
            .. members.Where(member => _classKeys.ContainsKey(member.Key)).Select(member => member with { Key = _classKeys[member.Key] }),
        ];
}
