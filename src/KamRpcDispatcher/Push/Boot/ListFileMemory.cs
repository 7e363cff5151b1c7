using KamailioRpc.Errors;
using KamRpcDispatcher.Processes;

namespace KamRpcDispatcher.Push.Boot;

/// <summary>Which file each start of Kamailio loads: what its configuration says does not change while it runs.</summary>
/// <param name="find">Finds it.</param>
internal sealed class ListFileMemory(Func<CancellationToken, Task<ListFileUse>> find)
{
    private readonly Lock _lock = new();
    private (KamailioInstance Instance, ListFileUse Use)? _found;

    /// <summary>Which file a Kamailio loads, by the configuration that it runs with.</summary>
    public async Task<ListFileUse> FindAsync(KamailioInstance instance, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_found is var (known, use) && known == instance)
            {
                return use;
            }
        }

        try
        {
            var found = await find(cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                _found = (instance, found);
            }

            return found;
        }
        catch (KamailioRpcException exception)
        {
            return ListFileUse.Unknown(exception.Message);
        }
    }
}
