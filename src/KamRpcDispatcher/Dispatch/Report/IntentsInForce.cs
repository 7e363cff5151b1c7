using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>
/// How far operators' intents and splits are in force, by one list and the plan that follows from it. What is owed to those whom no intent can concern keeps nobody's drain or resume from being
/// acknowledged: some of that lasts for ever, as where somebody else's entry has the address of a member that is not ready.
/// </summary>
internal static class IntentsInForce
{
    /// <param name="membership">What is wanted.</param>
    /// <param name="table">What is there.</param>
    /// <param name="plan">The difference.</param>
    /// <param name="areShared">Whether shares are in force, but for what the plan owes: weights are among them.</param>
    /// <param name="last">What was reported before, null for nothing.</param>
    /// <returns>Null where etcd refuses to let intents be read. Those that were saved, or have not been read yet, acknowledge nothing.</returns>
    public static IntentsProgress? Of(Membership membership, DispatcherTable table, ChangePlan plan, bool areShared, IntentsProgress? last)
    {
        if (membership.Intents is { IsRefused: true })
        {
            return null;
        }

        if (membership is not { IsFromSnapshot: false, Intents: { IsFollowed: true, Revision: var revision } })
        {
            return new IntentsProgress(0, 0);
        }

        var owesSilence = OwesSilence(membership, table, plan);
        return new IntentsProgress(
            owesSilence || !areShared || OwesCalls(membership, table, plan) ? StillTrue(last?.Revision, revision) : revision,
            owesSilence ? StillTrue(last?.Silenced, revision) : revision);
    }

    /// <summary>How far splits are in force: whoever has no share gets no calls, whoever has one stands in its class, and the map names that.</summary>
    /// <returns>Null where etcd refuses to let splits be read.</returns>
    public static SplitsProgress? SplitsOf(Membership membership, DispatcherTable table, ChangePlan plan, bool areShared, SplitsProgress? last) => membership switch
    {
        { Shares.IsRefused: true } => null,
        { IsFromSnapshot: false, Shares: { IsFollowed: true, Revision: var revision } } =>
            new SplitsProgress(!areShared || plan.OwesSilence || OwesCalls(membership, table, plan) ? StillTrue(last?.Revision, revision) : revision),
        _ => new SplitsProgress(0),
    };

    /// <summary>In a store that was restored from a backup a revision of before stands for something else.</summary>
    public static long StillTrue(long? before, long revision) => before <= revision ? before.Value : 0;

    /// <summary>Whether somebody whom an intent drains still gets calls, by an entry of its name or at its address.</summary>
    private static bool OwesSilence(Membership membership, DispatcherTable table, ChangePlan plan)
    {
        var drained = membership.Intents!.ByMember.Values.Where(static intent => intent.IsDrained).Select(static intent => intent.Key).ToHashSet();
        drained.UnionWith([.. drained.SelectMany(key => membership.ClassKeys[key])]);
        if (drained.Count == 0)
        {
            return false;
        }

        List<Skip> skips = [.. plan.Skips.Where(static skip => skip.Reason == SkipReason.Unsilenced || skip.OwesSilence)];
        HashSet<ListedKey> served =
        [
            .. plan.Disables.Concat<Change>(plan.Silencings)
                .Concat(plan.Replacements.Where(static replacement => !replacement.TakesFreePlace).SelectMany(static replacement => replacement.Disables.Concat<Change>(replacement.Removes)))
                .Select(static change => new ListedKey(change.Set, change.Uri)),
            .. skips.Select(static skip => new ListedKey(skip.Set, skip.Uri)),
        ];
        if (served.Count == 0)
        {
            return false;
        }

        var addresses = membership.Members.Concat(membership.Expired.Select(static expired => expired.Member)).Where(member => drained.Contains(member.Key))
            .Select(static member => new EndpointKey(member.Key.Set, member.Uri.Endpoint)).ToHashSet();
        return skips.Exists(skip => skip.Member is { } member && drained.Contains(member))
            || served.Any(key => addresses.Contains(EndpointOf(key.Set, key.Uri)))
            || table.Destinations.Any(entry => AttributeText.Duid(entry.Attributes) is { } name && drained.Contains(new MemberKey(entry.Set, name)) && served.Contains(new ListedKey(entry.Set, entry.Uri)));
    }

    /// <summary>Whether somebody is ready and has not got calls yet: an intent that is not there any more may have drained it.</summary>
    private static bool OwesCalls(Membership membership, DispatcherTable table, ChangePlan plan)
    {
        List<EndpointKey> owed =
        [
            .. plan.Enables.Concat<Change>(plan.Adds).Concat(plan.Replacements.Select(static replacement => replacement.Add))
                .Where(static change => change.Set != MemberKey.ReservedSet)
                .Select(static change => EndpointOf(change.Set, change.Uri)),
        ];

        // Of what had no effect only that: it may be about somebody who has left as well.
        List<EndpointKey> tried = [.. plan.Skips.Where(static skip => skip is { Reason: SkipReason.WithoutEffect, OwesSilence: false }).Select(static skip => EndpointOf(skip.Set, skip.Uri))];
        if (tried.Count > 0)
        {
            var ready = membership.Members.Where(static member => member.State == MemberState.Ready).Select(static member => new EndpointKey(member.Key.Set, member.Uri.Endpoint)).ToHashSet();
            owed.AddRange(tried.Where(ready.Contains));
        }

        if (owed.Count == 0)
        {
            return false;
        }

        // Who gets calls, and is to have other attributes, is not waited for.
        var routable = table.Destinations.Where(static entry => entry.IsRoutable).Select(static entry => EndpointOf(entry.Set, entry.Uri)).ToHashSet();
        return owed.Exists(key => !routable.Contains(key));
    }

    private static EndpointKey EndpointOf(int set, string uri) => new(set, Spelling.EndpointOf(uri));
}
