using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

/// <summary>
/// Keeps structural changes away from a Kamailio that is short of shared memory: each rebuilds the whole table beside the old one and loses
/// some 400 bytes for good, and one that finds no memory takes destinations along, in the end the process too.
/// </summary>
/// <param name="client">Tells what is left (<c>core.shmmem</c>).</param>
/// <param name="floor">What has to be free, or nothing is added or removed.</param>
internal sealed class MemoryGuard(IRpcClient client, MemoryFloor floor) : IChangeGuard
{
    /// <summary>Structural changes between two looks: together they cost less than the floor leaves.</summary>
    private const int ChangesBetweenLooks = 32;

    /// <summary>What a destination takes in the table, rounded up: the module's structure, its URI, attributes and statistics.</summary>
    private const long BytesPerDestination = 1024;

    private KamailioLife? _life;
    private int _unseen;
    private Objection? _objection;

    public async ValueTask<Objection?> ExamineAsync(Change change, DispatcherTable table, CancellationToken cancellationToken)
    {
        if (floor.Of(long.MaxValue) == 0 || (table.Life == _life && _objection is null && _unseen++ < ChangesBetweenLooks))
        {
            return null;
        }

        try
        {
            var memory = await client.GetSharedMemoryAsync(cancellationToken).ConfigureAwait(false);
            var least = Math.Max(floor.Of(memory.Total), table.Destinations.Count * BytesPerDestination * 2);
            (_life, _unseen) = (table.Life, 0);
            _objection = memory.Free >= least ? null : new Objection(
                ObjectionScope.Structure,
                "memory",
                $"Kamailio has {Megabytes(memory.Free)} of {Megabytes(memory.Total)} shared memory left, less than the floor of {Megabytes(least)}: only states are changed, nothing is added or removed. Restart Kamailio with more memory (-m, SHM_MEMORY), 256 MB at least");
            return _objection;
        }
        catch (KamailioRpcException)
        {
            // Whoever cannot be asked cannot be changed either: the next call says why.
            return null;
        }
    }

    private static string Megabytes(long bytes) => FormattableString.Invariant($"{bytes / 1048576.0:0.0} MB");
}
