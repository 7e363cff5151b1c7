using KamailioRpc.Commands;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Telemetry;

/// <summary>Kamailio's dispatcher, with what is done to it counted and timed.</summary>
internal sealed class MeteredDispatcher(IDispatcher inner, PushMetrics metrics, ChangeLatency latency, TimeProvider timeProvider) : IDispatcher
{
    public Unanswered? Unanswered => inner.Unanswered;

    public DispatcherTable? Known => inner.Known;

    public async Task<DispatcherTable> ReadAsync(CancellationToken cancellationToken)
    {
        var isDone = false;
        try
        {
            var table = await inner.ReadAsync(cancellationToken).ConfigureAwait(false);
            isDone = true;
            return table;
        }
        finally
        {
            metrics.ListRead(isDone);
        }
    }

    public Task<bool> IsListedAsync(int group, string uri, CancellationToken cancellationToken) => inner.IsListedAsync(group, uri, cancellationToken);

    public Task ApplyAsync(Change change, KamailioVersion version, CancellationToken cancellationToken) =>
        CountAsync(PushMetrics.KindOf(change), change.Set != Sentinel.Set, () => inner.ApplyAsync(change, version, cancellationToken));

    public Task ReloadAsync(IReadOnlyList<AddDestination> adds, CancellationToken cancellationToken) =>
        CountAsync(PushKind.Reload, isOfMembers: true, () => inner.ReloadAsync(adds, cancellationToken));

    private async Task CountAsync(PushKind kind, bool isOfMembers, Func<Task> push)
    {
        var begun = timeProvider.GetTimestamp();
        var result = PushResult.Failed;
        try
        {
            await push().ConfigureAwait(false);
            result = PushResult.Done;
        }
        catch (DispatcherBusyException)
        {
            result = PushResult.Busy;
            throw;
        }
        catch (KamailioRpcException exception) when (exception is KamailioFaultException or KamailioUnsafeRequestException)
        {
            result = PushResult.Refused;
            throw;
        }
        finally
        {
            metrics.Pushed(kind, result, timeProvider.GetElapsedTime(begun));
            if (result == PushResult.Done && isOfMembers)
            {
                latency.Pushed();
            }
        }
    }
}
