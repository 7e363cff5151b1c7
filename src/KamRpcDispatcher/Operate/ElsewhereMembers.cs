using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Operate;

/// <summary>
/// Members that a proxy takes from elsewhere than etcd: nobody sees in it who they are, but what operators wish is followed there for them too. So a set and a name are enough to
/// wish something of one, and nobody says that it is there.
/// </summary>
internal static class ElsewhereMembers
{
    /// <summary>Each such proxy of a set, as <c>set 2 of p1 comes from file:/etc/kamrpc/members.json</c>; none where all take its members from etcd.</summary>
    public static IReadOnlyList<string> SourcesOf(OperatorView view, int set) =>
        [.. from proxy in view.Proxies where proxy.MayServe(set) && proxy.Status?.MayHaveOthersIn(set) == true select FormattableString.Invariant($"set {set} of {SafeText.Shorten(proxy.Name)} {proxy.Status!.ElsewhereOf(set)}")];

    /// <summary>Who may be there of those who are named, and of whom etcd has no record; nobody where no set is named.</summary>
    public static IEnumerable<MemberKey> Named(OperatorView view, MemberSelection selection) =>
        from set in selection.Sets ?? new HashSet<int>()
        where SourcesOf(view, set).Count > 0
        from name in selection.Names
        where MemberValidation.CheckName(name) is null
        select new MemberKey(set, name);

    /// <summary>What is said of those for whom something is wished, and whom nobody sees: each a sentence.</summary>
    public static IEnumerable<string> Unseen(OperatorView view, MemberSelection selection)
    {
        var announced = view.Members.Select(static member => member.Member.Key).ToHashSet();
        return
            from key in Named(view, selection).Concat(view.Intents.Keys.Where(key => selection.Sets?.Contains(key.Set) != false && selection.Names.Contains(key.Name) && SourcesOf(view, key.Set).Count > 0)).Distinct().Order()
            where !announced.Contains(key)
            select $"whether there is a member {key} is not seen here: {string.Join("; ", SourcesOf(view, key.Set))}; what is wished is in force for a member of that name there";
    }

    /// <summary>What somebody may do whose name is not found.</summary>
    public static string Hint(OperatorView view)
    {
        var sets = view.Proxies.SelectMany(static proxy => proxy.Status?.Sets.Keys ?? []).Distinct().Order().Where(set => SourcesOf(view, set).Count > 0).ToList();
        return sets.Count == 0 ? string.Empty : FormattableString.Invariant($"; {SourcesOf(view, sets[0])[0]}, and who is in it is not seen here: give --set {sets[0]} with the name of one of its members");
    }

    /// <summary>Where fewer ready members would be left than are asked for, by the reports of those proxies: each a sentence.</summary>
    public static IEnumerable<string> Refusals(OperatorView view, MinReady least, IEnumerable<MemberKey> leaving) =>
        from set in leaving.GroupBy(static key => key.Set)
        from proxy in view.Proxies
        where proxy.MayServe(set.Key) && proxy.Status?.MayHaveOthersIn(set.Key) == true
        let counts = proxy.Status!.Sets.GetValueOrDefault(set.Key)
        let left = (counts.Serving ?? 0) - set.Count()
        where left < least.Of(counts.Wanted ?? 0)
        select FormattableString.Invariant($"set {set.Key} of {SafeText.Shorten(proxy.Name)} {proxy.Status!.ElsewhereOf(set.Key)}: by its report it would be left with {Math.Max(0, left)} ready members, and --min-ready {least} asks for {least.Of(counts.Wanted ?? 0)}");
}
