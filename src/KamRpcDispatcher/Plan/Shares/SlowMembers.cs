using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan.Shares;

/// <summary>A member that starts slowly.</summary>
/// <param name="Key">Which.</param>
/// <param name="Tenths">What it gets of its share in its class.</param>
/// <param name="Stands">Whether it is routable there.</param>
/// <param name="IsApart">Whether it is kept out of the home set.</param>
internal readonly record struct SlowMember(MemberKey Key, int Tenths, bool Stands, bool IsApart);

/// <summary>Says which of the members that start slowly are kept out of the home set.</summary>
internal static class SlowMembers
{
    /// <param name="values">What has a share of its own.</param>
    /// <param name="members">The members of the set.</param>
    /// <param name="rules">Who starts slowly.</param>
    /// <param name="routable">Who is routable where.</param>
    /// <param name="map">The map that is to be in force.</param>
    public static IEnumerable<SlowMember> Of(IReadOnlyList<ValueGroup> values, IReadOnlyList<Member> members, ShareRules rules, RoutableMembers routable, ShareMap? map)
    {
        if (rules.Starts.Count == 0)
        {
            yield break;
        }

        HashSet<MemberKey> atHome = [.. members.Where(member => member.State == MemberState.Ready && routable.IsAtHome(member)).Select(static member => member.Key)];
        var groups = values.SelectMany(static value => value.Classes).ToList();
        var isHome = groups.Exists(static one => one.IsHome);
        var hasSlots = map is null || map.CountOf(ShareMap.HomeNumber) > 0;
        foreach (var one in groups.Where(static one => one.Class.Start > 0))
        {
            foreach (var member in one.Members)
            {
                var start = rules.StartOf(member)!.Value;
                var (stands, isAtHome) = (routable.IsIn(one.Class, member), atHome.Contains(member.Key));
                var hasOthers = atHome.Count > (isAtHome ? 1 : 0);
                yield return new SlowMember(member.Key, start.Tenths, stands, hasOthers && (stands || start.MayWait) && (isHome || (hasSlots && !isAtHome)));
            }
        }
    }
}
