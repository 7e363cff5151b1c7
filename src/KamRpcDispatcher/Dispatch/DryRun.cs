using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Following;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Operators;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Reading;
using KamRpcDispatcher.Push.Shares;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch;

/// <summary>What a dispatcher would change now: both sides are read and compared as in its cycles, and nothing is written, neither in Kamailio nor in etcd.</summary>
/// <remarks>It knows what a daemon knows that starts now, and whose doubts of two seconds are over, and whom one that runs keeps, by its report. What Kamailio would refuse is not known before it is tried.</remarks>
public sealed class DryRun(DispatcherOptions options, TimeProvider timeProvider, ILoggerFactory logs)
{
    /// <exception cref="EtcdUnreachableException">etcd does not answer, or refuses.</exception>
    /// <exception cref="OriginUnreadableException">Another source of members cannot be read.</exception>
    /// <exception cref="KamailioRpcException">Kamailio does not answer, or refuses.</exception>
    /// <exception cref="NotSupportedException">A Kamailio of this release is not changed.</exception>
    public async Task<DryRunResult> RunAsync(CancellationToken cancellationToken)
    {
        var (cluster, intents, shares) = options.UsesEtcd ? await ReadEtcdAsync(cancellationToken).ConfigureAwait(false)
            : (new ClusterView(0, 0, [], [], []), OperatorIntents.Unknown with { IsFollowed = true }, OperatorShares.Unknown with { IsFollowed = true });
        var listing = new OriginListing(options.Origins, options.KubeConfig, timeProvider);
        var told = await listing.ReadAsync(cancellationToken).ConfigureAwait(false);
        await using var client = new RpcClient(options.Kamailio, options.Rpc);
        var left = new LeftOutSets(options, cluster, shares);
        var read = await ReadAsync(client, cancellationToken).ConfigureAwait(false);
        var table = read with { Destinations = [.. read.Destinations.Where(entry => !left.Has(entry.Set))] };
        if (!table.Version.HasAttributes)
        {
            throw new NotSupportedException($"Kamailio {table.Version} takes no attributes over RPC, so that nothing would be changed: Kamailio 5.4 or later is needed");
        }

        var delay = new RemovalDelay(options.Reconciler.RemovalDelay, timeProvider);
        var policy = options.Policy with { HasPriorities = table.Version.HasPriorities, DueForRemoval = delay.Due(shortage: 0), ReusesPlaces = delay.IsEndless };
        var announced = new Membership(cluster.Revision, [.. cluster.Members.Select(static member => member.Member).Where(member => listing.Of(member.Key.Set) is EtcdOrigin && !left.Has(member.Key.Set)), .. told], []) { Intents = intents, Shares = shares };
        var members = OperatedSource.Apply(announced).Members;

        // Whoever is drained nobody calls: it is no loss.
        var held = Held(members, cluster, listing, [.. ListedMember.In(table.Destinations, policy).Where(member => !intents.TryGetDrain(member.Key, out _))]);
        var keeper = new ShareKeeper(new ShareTable(client), policy, options.Share, static _ => { }, timeProvider, logs.CreateLogger<ShareKeeper>(), zone: options.Zone);
        var (shared, maps) = await keeper.ShareAsync(new CycleMembers(announced with { Members = members }, held, []), table, policy.Refuses, cancellationToken).ConfigureAwait(false);
        var plan = Planner.Plan(shared.All, table.Destinations, maps.PolicyOf(policy));
        return DryRunResult.Of(cluster.Revision, table, plan, held) with
        {
            FollowsIntents = options.UsesEtcd && intents.IsFollowed,
            MayNotReadIntents = options.UsesEtcd && !intents.IsFollowed,
            Classes = shares.Numbers.SelectMany(static set => set.Value.Select(one => (Set: ClassSets.Base + one.Value, Class: new PlannedClass(set.Key, one.Key)))).DistinctBy(static one => one.Set).ToDictionary(static one => one.Set, static one => one.Class),
            LeftOut = left.Sentences(read.Destinations, members),
            Shares = !options.UsesEtcd ? [] : [.. maps.Maps.Select(map => new PlannedShares(map.Key, ShareLog.Words(maps.Sets.FirstOrDefault(set => set.Set == map.Key)))).Concat(SharedLater(maps, plan)).Where(one => !left.Has(one.Set)).OrderBy(static shares => shares.Set)],
        };
    }

    /// <summary>The sets whose map follows when their classes are as they are to be.</summary>
    private static IEnumerable<PlannedShares> SharedLater(CycleShares shares, ChangePlan plan)
    {
        HashSet<int> filled = [.. plan.Adds.Select(static add => add.Set), .. plan.Enables.Select(static enable => enable.Set)];
        return
            from one in shares.Sets
            where !shares.Maps.ContainsKey(one.Set)
                && (shares.Waiting.Contains(one.Set) || one.Unnumbered.Any() || one.Shares.Any(share => share.Number is { } number && filled.Contains(ClassSets.Base + number)))
            select new PlannedShares(one.Set, ShareLog.Words(one), IsLater: true);
    }

    /// <summary>Who gets calls and is not announced has expired, for a daemon that did not see it leave: of too many at once it keeps some. One that runs, and saw more, says in its report whom it keeps.</summary>
    private IReadOnlyList<Member> Held(IReadOnlyList<Member> members, ClusterView cluster, OriginListing listing, IReadOnlyList<Member> listed)
    {
        var known = members.Select(static member => member.Key).Concat(cluster.Rejected.Select(static rejected => rejected.Member).OfType<MemberKey>()).ToHashSet();
        var addresses = members.Select(static member => (member.Key.Set, member.Uri)).ToHashSet();
        var mark = timeProvider.Mark();
        var kept = cluster.Proxies.Select(static proxy => proxy.Status).OfType<ProxyStatus>()
            .SelectMany(static status => status.Held.Select(static member => member.Key).Concat(status.Deviations.Where(static deviation => deviation.Kind == DeviationKind.Held).Select(static deviation => new MemberKey(deviation.Set, deviation.Name)))).ToHashSet();
        var expired =
            from set in listed.GroupBy(static member => member.Key.Set)

            // Who is not told any more by a place that tells all was taken out there, unless nobody is left: see WholeListings.
            where listing.Of(set.Key) is null or EtcdOrigin || !members.Any(member => member.Key.Set == set.Key)
            let size = set.Concat(members.Where(member => member.Key.Set == set.Key && member.State == MemberState.Ready)).DistinctBy(static member => member.Key).Count()
            from member in set
            where !known.Contains(member.Key) && !addresses.Contains((member.Key.Set, member.Uri))
            select new ExpiredMember(member, timeProvider.GetUtcNow(), size, mark);
        List<ExpiredMember> gone = [.. expired];
        return
        [
            .. PanicGuard.Held(new Membership(cluster.Revision, [], []) { Expired = gone }, options.Reconciler.Panic, mark)
                .Concat(gone.Select(static one => one.Member).Where(member => kept.Contains(member.Key))).DistinctBy(static member => member.Key),
        ];
    }

    private async Task<(ClusterView Cluster, OperatorIntents Intents, OperatorShares Shares)> ReadEtcdAsync(CancellationToken cancellationToken)
    {
        using var store = new EtcdConnection(options.Etcd, timeProvider, logs.CreateLogger<EtcdConnection>());
        var keys = new EtcdKeys(options.Cluster);
        return (
            await new ClusterReader(store, keys, timeProvider).ReadBesideAsync(options.Proxy, cancellationToken).ConfigureAwait(false),
            await new IntentReader(store, keys, timeProvider, logs.CreateLogger<IntentReader>()).ReadAsync(cancellationToken).ConfigureAwait(false),
            await new ShareReader(store, keys, timeProvider, logs.CreateLogger<ShareReader>()).ReadAsync(cancellationToken).ConfigureAwait(false));
    }

    private async Task<DispatcherTable> ReadAsync(RpcClient client, CancellationToken cancellationToken)
    {
        await using var given = options.KamailioRead.Address is { } read ? new RpcClient(read, options.Rpc) : null;
        await using var found = new FoundReadWay(client, options.Rpc, timeProvider, logs.CreateLogger<FoundReadWay>());
        return await new KamailioDispatcher(client, new ListReader(client, options.KamailioRead.IsAuto ? found : new GivenReadWay(given))).ReadAsync(cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>What a dispatcher would change.</summary>
/// <param name="Revision">etcd's revision that was read.</param>
/// <param name="Kamailio">The release of the Kamailio that was read.</param>
/// <param name="Changes">By their kinds.</param>
/// <param name="Skips">What the membership asks for and would not be done, or not yet.</param>
/// <param name="Held">Who is not announced any more and would be kept, since too many went at once.</param>
public sealed record DryRunResult(long Revision, KamailioVersion Kamailio, IReadOnlyList<PlannedChange> Changes, IReadOnlyList<Skip> Skips, IReadOnlyList<Member> Held)
{
    /// <summary>Whether operators' intents are followed, and could be read: else who is drained is not known, and gets calls by what would be done.</summary>
    public bool FollowsIntents { get; init; } = true;

    /// <summary>Whether they are not since etcd does not let them be read.</summary>
    public bool MayNotReadIntents { get; init; }

    /// <summary>The sets whose calls would be shared anew. While classes are filled, what they get then is not known here.</summary>
    public IReadOnlyList<PlannedShares> Shares { get; init; } = [];

    /// <summary>What is left out, and why, each a sentence, safe to print.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>The classes by their sets in Kamailio, which no operator knows by their numbers.</summary>
    public IReadOnlyDictionary<int, PlannedClass> Classes { get; init; } = new Dictionary<int, PlannedClass>();

    /// <param name="revision">etcd's revision.</param>
    /// <param name="table">Kamailio's list.</param>
    /// <param name="plan">What follows from both.</param>
    /// <param name="held">Who is kept.</param>
    internal static DryRunResult Of(long revision, DispatcherTable table, ChangePlan plan, IReadOnlyList<Member> held)
    {
        var names = table.Destinations.Where(static entry => AttributeText.Duid(entry.Attributes) is not null).DistinctBy(static entry => new ListedKey(entry.Set, entry.Uri))
            .ToDictionary(static entry => new ListedKey(entry.Set, entry.Uri), static entry => AttributeText.Duid(entry.Attributes));
        var silenced = plan.Disables.Select(static disable => new ListedKey(disable.Set, disable.Uri)).ToHashSet();
        return new DryRunResult(
            revision,
            table.Version,
            [
                .. from step in (IEnumerable<(PlannedKind Kind, Change Change)>)
                   [
                       .. Of(PlannedKind.Enable, plan.Enables), .. Of(PlannedKind.Add, plan.Adds), .. Of(PlannedKind.Disable, plan.Disables), .. Of(PlannedKind.Remove, plan.Silencings),
                       .. Of(PlannedKind.Replace, plan.Replacements.Select(static replacement => replacement.Add)), .. Of(PlannedKind.Remove, plan.Removes),
                   ]
                   where step.Change.Set != MemberKey.ReservedSet
                   select new PlannedChange(
                       step.Kind,
                       step.Change.Set,
                       step.Change is AddDestination add ? AttributeText.Duid(add.Attributes) : names.GetValueOrDefault(new ListedKey(step.Change.Set, step.Change.Uri)),
                       Spelling.First(step.Change.Uri)),
            ],
            [.. plan.Skips.Where(skip => skip.Reason != SkipReason.RemovalDelayed || !silenced.Contains(new ListedKey(skip.Set, skip.Uri)))],
            held);

        static IEnumerable<(PlannedKind Kind, Change Change)> Of(PlannedKind kind, IEnumerable<Change> changes) => changes.Select(change => (kind, change));
    }
}

/// <summary>A set whose share map would be written.</summary>
/// <param name="Set">The set.</param>
/// <param name="Shares">What each class gets, in words; empty where calls would not be shared any more, but evenly.</param>
/// <param name="IsLater">Whether that is not now, but when its classes are filled; then what they get now is in the words.</param>
public sealed record PlannedShares(int Set, string Shares, bool IsLater = false);

/// <summary>A class of a set.</summary>
/// <param name="Home">The set.</param>
/// <param name="Name">Its name in etcd.</param>
public sealed record PlannedClass(int Home, string Name);

/// <summary>One change that would be made.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Set">The set.</param>
/// <param name="Name">The member's name; null of an entry without one.</param>
/// <param name="Uri">Its address.</param>
public sealed record PlannedChange(PlannedKind Kind, int Set, string? Name, string Uri);

/// <summary>What would be done.</summary>
public enum PlannedKind
{
    /// <summary>It is put into the list.</summary>
    Add,

    /// <summary>It gets calls again.</summary>
    Enable,

    /// <summary>It gets no new calls any more.</summary>
    Disable,

    /// <summary>It is put there anew, with other attributes, another priority or another address.</summary>
    Replace,

    /// <summary>It is taken out of the list.</summary>
    Remove,
}
