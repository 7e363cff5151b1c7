using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Pace;

/// <summary>
/// What goes out by the list as it is known, without reading it. What follows from a change of the membership, before the list is read: leaves, drains, returns and joins of the
/// members that changed; the reading that comes next verifies it, as it does every change, and plans all else. And states, where the list cannot be read.
/// </summary>
/// <param name="policy">What the planner goes by in any case.</param>
/// <param name="memory">What the cycles of before have left.</param>
/// <param name="executor">The way to change Kamailio.</param>
/// <param name="shares">Keeps Kamailio's share maps; null where sets have no shares.</param>
/// <param name="pace">How often the list is read.</param>
/// <param name="follows">Told the revision by which changes go out early; null for nobody.</param>
internal sealed class KnownListPush(PlanPolicy policy, CycleMemory memory, PlanExecutor executor, ShareKeeper? shares, ReadingPace pace, Action<long>? follows)
{
    /// <summary>More of them are told of first: they take their time.</summary>
    private const int MostAdds = 10;

    private CycleMembers? _planned;

    /// <summary>
    /// Reads the list. Where a reading takes its time, whoever is to get calls or none any more does not wait for it: that goes out by the list as it was known before. This reading may
    /// show it or not; the next one is to.
    /// </summary>
    /// <exception cref="KamailioRpcException">It could not be read, or the outcome of a change is unknown.</exception>
    public async Task<DispatcherTable> ReadAsync(Meanwhile meanwhile, CancellationToken cancellationToken)
    {
        pace.Begin();
        executor.Reading();
        var reading = meanwhile.Dispatcher.ReadAsync(cancellationToken);
        var wasRaised = false;
        try
        {
            while (pace.IsLong && await Task.WhenAny(meanwhile.Wake.Raised, reading).ConfigureAwait(false) != reading)
            {
                wasRaised = true;
                meanwhile.Wake.Take();
                if (meanwhile.Known is not var (members, known))
                {
                    break;
                }

                await PushEarlyAsync(members, known, isReading: true, Task.CompletedTask, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!reading.IsCompletedSuccessfully)
            {
                _planned = null;
            }

            if (wasRaised)
            {
                meanwhile.Wake.Raise();
            }
        }

        return await reading.ConfigureAwait(false);
    }

    /// <summary>The same between the parts of a cycle, each of which takes its time for a long list.</summary>
    /// <exception cref="KamailioRpcException">The outcome of a change is unknown.</exception>
    public Task PushAsync(Meanwhile meanwhile, CancellationToken cancellationToken) =>
        pace.IsLong && meanwhile.Wake.Raised.IsCompleted && meanwhile.Known is var (members, known) ? PushEarlyAsync(members, known, isReading: true, Task.CompletedTask, cancellationToken) : Task.CompletedTask;

    /// <summary>A plan was made.</summary>
    /// <param name="members">Who is followed.</param>
    /// <param name="table">The list, as it was read.</param>
    /// <param name="isWatched">Whether the sentinel is in it.</param>
    public void Planned(CycleMembers members, DispatcherTable table, bool isWatched)
    {
        _planned = members;
        pace.End(table, isWatched);
    }

    /// <summary>Makes what changed since the last plan.</summary>
    /// <param name="members">Who is followed now.</param>
    /// <param name="dispatcher">Kamailio.</param>
    /// <param name="interrupted">Completes when something changes again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How long the list need not be read for it.</returns>
    /// <exception cref="KamailioRpcException">The outcome of a change is unknown: read the list.</exception>
    public async Task<TimeSpan> PushEarlyAsync(CycleMembers members, IDispatcher dispatcher, Task interrupted, CancellationToken cancellationToken)
    {
        if (dispatcher.Known is { } known)
        {
            await PushEarlyAsync(members, known, isReading: false, interrupted, cancellationToken).ConfigureAwait(false);
        }

        return dispatcher.Known is null ? TimeSpan.Zero : pace.UntilVerified;
    }

    private async Task PushEarlyAsync(CycleMembers members, DispatcherTable known, bool isReading, Task interrupted, CancellationToken cancellationToken)
    {
        if (_planned is not { } before || members.Membership.IsFromSnapshot || before.Membership.IsFromSnapshot || ReferenceEquals(before.Membership, members.Membership))
        {
            return;
        }

        _planned = members;
        members = PanicGuard.WithoutStrangers(members, known.Destinations, policy.Cluster);
        var changed = Changed(before, members);
        var sets = changed.Select(static member => member.Key.Set).Where(policy.Manages).Distinct().Where(set => !MayShare(set, members)).ToHashSet();
        if (sets.Count == 0)
        {
            return;
        }

        var places = changed.Where(member => sets.Contains(member.Key.Set)).Select(static member => new EndpointKey(member.Key.Set, member.Uri.Endpoint)).ToHashSet();
        var (everybody, current) = (members.All, memory.PolicyFor(known) with { HasSentinel = false, HasShareMaps = shares?.TakesWeights == true });
        var plan = NearPlan.Of(everybody, known.Destinations, places, current)
            ?? Planner.Plan(everybody.Where(member => sets.Contains(member.Key.Set)), known.Destinations.Where(entry => sets.Contains(entry.Set)), current);
        var early = memory.Hasten(new ChangePlan { Enables = [.. plan.Enables.Where(IsOfChanged)], Adds = isReading || plan.Adds.Count > MostAdds ? [] : [.. plan.Adds.Where(IsOfChanged)] });

        // A set that somebody joins later is not to be without anybody until then.
        var waiting = plan.Adds.Concat(plan.Replacements.Select(static replacement => replacement.Add)).Except(early.Adds).Select(static add => add.Set).ToHashSet();
        var leaving = plan.Disables.Select(static disable => new ListedKey(disable.Set, disable.Uri)).ToHashSet();
        early = early with { Disables = [.. plan.Disables.Where(disable => IsOfChanged(disable) && (!waiting.Contains(disable.Set) || KeepsSomebody(disable.Set)))] };
        if (!early.IsEmpty)
        {
            follows?.Invoke(members.Membership.Revision);
            await executor.ExecuteAsync(early, known, interrupted, cancellationToken).ConfigureAwait(false);
        }

        bool KeepsSomebody(int set) => known.Destinations.Any(entry => entry.Set == set && entry.IsRoutable && !leaving.Contains(new ListedKey(entry.Set, entry.Uri)));

        bool IsOfChanged(Change change) => places.Contains(new EndpointKey(change.Set, Spelling.EndpointOf(change.Uri)));
    }

    /// <summary>Changes states by the list as it was read last: it cannot be read any more, and whoever is to get no calls is known.</summary>
    /// <exception cref="KamailioRpcException">The outcome of a change is unknown.</exception>
    public async Task PushBlindlyAsync(CycleMembers members, DispatcherTable known, Task interrupted, CancellationToken cancellationToken)
    {
        var current = memory.PolicyFor(known);
        var (silenced, shared) = shares is null ? (members, CycleShares.None) : await shares.ShareAsync(members, known, current.Refuses, cancellationToken).ConfigureAwait(false);
        var states = Allowed(members.Membership, Planner.Plan(silenced.All, known.Destinations, shared.PolicyOf(current))).StatesOnly();
        await executor.ExecuteAsync(states, known, interrupted, cancellationToken).ConfigureAwait(false);

        // It is planned again each time, and costs nothing.
        executor.ForgetMade();
    }

    /// <summary>What of a plan may be made: one by a membership that was saved takes nothing away.</summary>
    public static ChangePlan Allowed(Membership membership, ChangePlan plan) => membership.IsFromSnapshot ? plan.AdditionsOnly() : plan;

    /// <summary>Those that came, went, or are told of otherwise: each as it was and as it is. A record that was not written again is the same object.</summary>
    private static List<Member> Changed(CycleMembers before, CycleMembers now)
    {
        var (former, current) = (before.All, now.All);
        var (first, last) = (0, 0);
        for (; first < former.Count && first < current.Count && ReferenceEquals(former[first], current[first]); first++)
        {
        }

        for (; last < Math.Min(former.Count, current.Count) - first && ReferenceEquals(former[former.Count - 1 - last], current[current.Count - 1 - last]); last++)
        {
        }

        // Of thousands most stand where they stood.
        HashSet<Member> gone = new(former.Skip(first).SkipLast(last), ReferenceEqualityComparer.Instance), come = new(current.Skip(first).SkipLast(last), ReferenceEqualityComparer.Instance);
        return [.. gone.Where(member => !come.Contains(member)), .. come.Where(member => !gone.Contains(member))];
    }

    private bool MayShare(int set, CycleMembers members) => shares is not null && shares.MayShare(set, [.. members.All.Where(member => member.Key.Set == set)], members.Membership.Shares);
}

/// <summary>What is followed while a cycle reads and plans.</summary>
/// <param name="Dispatcher">Kamailio.</param>
/// <param name="Follow">Who is followed now; null where the list that was known need not be the one that Kamailio has.</param>
/// <param name="Wake">Raised where something has changed, and for the next cycle.</param>
internal sealed record Meanwhile(IDispatcher Dispatcher, Func<CycleMembers?> Follow, WakeSignal Wake)
{
    /// <summary>Who is followed now, and the list as it is known; null where nothing can be done by that.</summary>
    public (CycleMembers Members, DispatcherTable List)? Known => Follow() is { } members && Dispatcher.Known is { } list ? (members, list) : null;
}
