using System.Collections.Immutable;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Reading;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch;

/// <summary>What a dispatcher would change now: both sides are read and compared as in its cycles, and nothing is written, neither in Kamailio nor in etcd.</summary>
/// <remarks>
/// Who is held back (PANIC) is so by what a daemon has seen: the report of the proxy's own daemon tells, where one runs. What Kamailio would refuse is not known before it is tried.
/// </remarks>
public sealed class DryRun(DispatcherOptions options, TimeProvider timeProvider, ILoggerFactory logs)
{
    /// <exception cref="EtcdUnreachableException">etcd does not answer, or refuses.</exception>
    /// <exception cref="KamailioRpcException">Kamailio does not answer, or refuses.</exception>
    /// <exception cref="NotSupportedException">A Kamailio of this release is not changed.</exception>
    public async Task<DryRunResult> RunAsync(CancellationToken cancellationToken)
    {
        using var store = new EtcdConnection(options.Etcd, timeProvider, logs.CreateLogger<EtcdConnection>());
        var cluster = await new ClusterReader(store, new EtcdKeys(options.Cluster), timeProvider).ReadAsync(cancellationToken).ConfigureAwait(false);
        var table = await ReadAsync(cancellationToken).ConfigureAwait(false);
        if (!table.Version.HasAttributes)
        {
            throw new NotSupportedException($"its version {table.Version} takes no attributes over RPC, so that nothing would be changed: Kamailio 5.4 or later is needed");
        }

        var held = cluster.Proxies.Where(proxy => proxy.Name == options.Proxy).SelectMany(static proxy => proxy.Status?.Held ?? []);
        var members = cluster.Members.Select(static announced => announced.Member).Concat(held).DistinctBy(static member => member.Key);
        var policy = options.Policy with { HasPriorities = table.Version.HasPriorities, DueForRemoval = ImmutableHashSet<ListedKey>.Empty };
        return DryRunResult.Of(cluster.Revision, table, Planner.Plan(members, table.Destinations, policy));
    }

    private async Task<DispatcherTable> ReadAsync(CancellationToken cancellationToken)
    {
        await using var client = new RpcClient(options.Kamailio, options.Rpc);
        await using var given = options.KamailioRead.Address is { } read ? new RpcClient(read, options.Rpc) : null;
        await using var found = new FoundReadWay(client, options.Rpc, timeProvider, logs.CreateLogger<FoundReadWay>());
        return await new KamailioDispatcher(client, new ListReader(client, options.KamailioRead.IsAuto ? found : new GivenReadWay(given))).ReadAsync(cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>What a dispatcher would change.</summary>
/// <param name="Revision">etcd's revision that was read.</param>
/// <param name="Kamailio">The release of the Kamailio that was read.</param>
/// <param name="Changes">In the order in which they would be made.</param>
/// <param name="Skips">What the membership asks for and would not be done.</param>
public sealed record DryRunResult(long Revision, KamailioVersion Kamailio, IReadOnlyList<PlannedChange> Changes, IReadOnlyList<Skip> Skips)
{
    /// <param name="revision">etcd's revision.</param>
    /// <param name="table">Kamailio's list.</param>
    /// <param name="plan">What follows from both.</param>
    internal static DryRunResult Of(long revision, DispatcherTable table, ChangePlan plan)
    {
        var names = table.Destinations.Where(static entry => AttributeText.Duid(entry.Attributes) is not null).DistinctBy(static entry => new ListedKey(entry.Set, entry.Uri))
            .ToDictionary(static entry => new ListedKey(entry.Set, entry.Uri), static entry => AttributeText.Duid(entry.Attributes));
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
            plan.Skips);

        static IEnumerable<(PlannedKind Kind, Change Change)> Of(PlannedKind kind, IEnumerable<Change> changes) => changes.Select(change => (kind, change));
    }
}

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

    /// <summary>It gets no new calls any more, and is removed later.</summary>
    Disable,

    /// <summary>It is put there anew, with other attributes, another priority or another address.</summary>
    Replace,

    /// <summary>It is taken out of the list.</summary>
    Remove,
}
