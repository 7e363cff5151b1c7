using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>
/// Keeps structural changes away from a Kamailio that is short of shared memory: each rebuilds the whole table beside the old one and loses
/// some 400 bytes for good, and one that finds no memory takes destinations along, in the end the process too.
/// </summary>
/// <param name="client">Tells what is left (<c>core.shmmem</c>).</param>
/// <param name="floor">What has to be free, or nothing is added or removed.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class MemoryGuard(IRpcClient client, MemoryFloor floor, TimeProvider timeProvider) : IChangeGuard
{
    /// <summary>
    /// What a destination takes, rounded up: twice the module's structure with its URI, attributes and statistics, since a rebuild stands
    /// beside the table of before, and a part of a ping's transaction, since all are pinged at once.
    /// </summary>
    private const long BytesPerDestination = 6 * 1024;

    /// <summary>How long a shortage counts: what is free swings with the transactions of calls and pings.</summary>
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(10);

    private KamailioInstance? _instance;
    private long? _shortSince;
    private string _shortage = string.Empty;

    public async ValueTask<Objection?> ExamineAsync(Change change, DispatcherTable table, CancellationToken cancellationToken)
    {
        if (floor.Of(long.MaxValue) == 0)
        {
            return null;
        }

        try
        {
            var memory = await client.GetSharedMemoryAsync(cancellationToken).ConfigureAwait(false);
            var least = Math.Max(floor.Of(memory.Total), table.Destinations.Count * BytesPerDestination);
            if (table.Instance != _instance)
            {
                (_instance, _shortSince) = (table.Instance, null);
            }

            if (memory.Free < least)
            {
                _shortSince = timeProvider.GetTimestamp();
                _shortage = $"Kamailio had {Megabytes(memory.Free)} of {Megabytes(memory.Total)} shared memory left, less than the floor of {Megabytes(least)}: only states are changed, nothing is added or removed, until it has had more for {DurationText.Of(Lasting)}. Restart Kamailio with more memory (-m, SHM_MEMORY), 256 MB at least";
            }

            return _shortSince is { } since && timeProvider.GetElapsedTime(since) < Lasting ? new Objection(ObjectionScope.Structure, "memory", _shortage) : null;
        }
        catch (KamailioRpcException)
        {
            // Whoever cannot be asked cannot be changed either: the next call says why.
            return null;
        }
    }

    private static string Megabytes(long bytes) => FormattableString.Invariant($"{bytes / 1048576.0:0.0} MB");
}
