using Grpc.Core;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Rollouts;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>What was read of a cluster.</summary>
internal sealed record PageReading(ClusterView View, PageOperations Operations);

/// <summary>Where a cluster is read.</summary>
internal interface IPageStore
{
    /// <summary>What to do where etcd does not let a dispatcher read the whole cluster.</summary>
    string WhyRefused { get; }

    /// <summary>Reads what there is now; where nothing was written since the last reading, that is it.</summary>
    /// <exception cref="EtcdUnreachableException">etcd does not answer, or refuses.</exception>
    Task<PageReading> ReadAsync(PageReading? last, CancellationToken cancellationToken);
}

/// <summary>A cluster in etcd, by a connection of its own, which exists from the first reading on: a daemon's waits for nobody who looks.</summary>
internal sealed class PageStore(EtcdOptions etcd, string cluster, TimeProvider timeProvider) : IPageStore, IDisposable
{
    private readonly Lazy<EtcdConnection> _connection = new(() => new EtcdConnection(etcd, timeProvider));
    private readonly EtcdKeys _keys = new(cluster);

    public string WhyRefused => $"other proxies, rollouts and changes, since etcd does not let them be read: its role needs read on the prefixes {_keys.Proxies}, {_keys.Rollouts} and {_keys.History}";

    public async Task<PageReading> ReadAsync(PageReading? last, CancellationToken cancellationToken)
    {
        // Nothing of it on the caller's time.
        await Task.Yield();
        var reader = new ClusterReader(_connection.Value, _keys, timeProvider);
        if (last is not null && await reader.ReadRevisionAsync(cancellationToken).ConfigureAwait(false) == last.View.Revision)
        {
            return last;
        }

        var view = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new PageReading(view, await OperationsAsync(cancellationToken).ConfigureAwait(false));
    }

    public void Dispose()
    {
        if (_connection.IsValueCreated)
        {
            _connection.Value.Dispose();
        }
    }

    /// <summary>A dispatcher's role need not have the right to read them: all else is shown nevertheless.</summary>
    private async Task<PageOperations> OperationsAsync(CancellationToken cancellationToken)
    {
        var operations = PageOperations.None;
        try
        {
            operations = operations with { Rollouts = (await new RolloutStore(_connection.Value, _keys, timeProvider).ReadAllAsync(cancellationToken).ConfigureAwait(false)).Rollouts };
        }
        catch (EtcdUnreachableException refused) when (IsForbidden(refused))
        {
            operations = operations with { NotReadable = Refused("rollouts", _keys.Rollouts) };
        }

        try
        {
            operations = operations with { History = [.. (await new HistoryStore(_connection.Value, _keys, timeProvider).ReadAsync(cancellationToken).ConfigureAwait(false)).Entries.Take(PageBuilder.MostChanges)] };
        }
        catch (EtcdUnreachableException refused) when (IsForbidden(refused))
        {
            operations = operations with { NotReadable = operations.NotReadable is { } before ? $"{before}; {Refused("changes", _keys.History)}" : Refused("changes", _keys.History) };
        }

        return operations;
    }

    private static bool IsForbidden(EtcdUnreachableException refused) => refused.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied };

    private static string Refused(string what, string prefix) => $"etcd does not let {what} be read: its role needs read on the prefix {prefix}";
}
