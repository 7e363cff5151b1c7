using KamailioRpc;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Boot;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>The list that Kamailio loads at its start, kept equal to what Kamailio has.</summary>
/// <param name="Path">The file, by its absolute path.</param>
public sealed record BootListOption(string Path)
{
    /// <summary>The default of <see cref="Bulk"/>.</summary>
    public const int DefaultBulk = 200;

    /// <summary>More newcomers, and removals of who is disabled, than that are made at once, by loading the list; 0 for never.</summary>
    public int Bulk { get; init; } = DefaultBulk;

    internal BootListKeeper Keeper(string cluster, IRpcClient client, TimeProvider timeProvider, ILoggerFactory logs) =>
        new(new BootListFile(Path, timeProvider), cluster, new ListFileReader(client, timeProvider).ReadAsync, timeProvider, logs.CreateLogger<BootListKeeper>());

    internal BulkReload Reload(BootListKeeper keeper, string cluster, IDispatcher dispatcher, ListReader lists, IReadOnlyList<IChangeGuard> guards, Func<bool> owesOthers, TimeProvider timeProvider, ILoggerFactory logs) =>
        new(dispatcher, keeper, lists.HasRoomAsync, guards.OfType<AdditionGuard>().Single(), new ReloadEffects(keeper, cluster, owesOthers), Bulk, timeProvider, logs.CreateLogger<BulkReload>());
}
