using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Reconcile;

/// <summary>Builds what the proxy reports of itself from what one cycle saw.</summary>
internal sealed class ProxyStatusBuilder(Quarantine quarantine, Func<GraceStatus> grace, TimeProvider timeProvider)
{
    /// <param name="membership">What is wanted.</param>
    /// <param name="table">What is there.</param>
    /// <param name="plan">The difference.</param>
    /// <param name="held">Expired members that are held back.</param>
    /// <param name="last">What was reported before, null for nothing.</param>
    public ProxyStatus Build(Membership membership, DispatcherTable table, ChangePlan plan, ImmutableArray<Member> held, ProxyStatus? last)
    {
        // Those that are just tried again were refused all the same.
        var refused = plan.Skips.Where(static skip => skip.Reason == SkipReason.Quarantined).Select(static skip => (skip.Set, skip.Uri))
            .Concat(plan.Adds.Concat(plan.Replacements.Select(static replacement => replacement.Add)).Where(add => quarantine.Find(add.Set, add.Uri) is not null).Select(static add => (add.Set, Uri: Spelling.First(add.Uri))))
            .Distinct().ToList();
        var superseded = plan.Skips.Where(static skip => skip.Reason == SkipReason.Superseded).OrderByDescending(static skip => skip.IsServed).ToList();
        var sets = table.Destinations.Where(static entry => !Sentinel.Is(entry))
            .GroupBy(static entry => entry.Set)
            .ToImmutableSortedDictionary(static set => set.Key, static set => new SetStatus(set.Count(), set.Count(static entry => entry.IsRoutable)));
        return new ProxyStatus(
            plan.IsInForce ? membership.Revision : StillTrue(last?.Revision, membership),
            timeProvider.GetUtcNow(),
            table.Version.ToString(),
            plan.Drift,
            sets)
        {
            Silenced = !plan.OwesSilence ? membership.Revision : StillTrue(last?.Silenced, membership),
            Applies = ProxyStatus.FollowedKinds,
            Held = held,
            Quarantined = [.. refused.Select(skip => quarantine.Find(skip.Set, skip.Uri) is { } entry
                ? new QuarantinedDestination(skip.Set, skip.Uri, entry.Reason, entry.RetryAt)
                : new QuarantinedDestination(skip.Set, skip.Uri, string.Empty, default))],
            Superseded = [.. superseded.Take(ProxyStatus.MostSuperseded).Select(static skip => new SupersededMember(skip.Member!.Value, skip.Holder!.Value, skip.IsServed))],
            MoreSuperseded = Math.Max(0, superseded.Count - ProxyStatus.MostSuperseded),
            IsFromSnapshot = membership.IsFromSnapshot,
            Grace = grace(),
        };
    }

    /// <summary>A proxy that has seen nothing yet, or no list.</summary>
    public ProxyStatus Blank() => new(0, timeProvider.GetUtcNow(), string.Empty, 0, ImmutableSortedDictionary<int, SetStatus>.Empty)
    {
        Silenced = 0,
        Applies = ProxyStatus.FollowedKinds,
        Grace = grace(),
    };

    /// <summary>In a store that was restored from a backup a revision of before stands for something else.</summary>
    private static long StillTrue(long? before, Membership membership) => before <= membership.Revision ? before.Value : 0;
}
