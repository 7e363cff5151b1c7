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

    public async Task ApplyAsync(Change change, KamailioVersion version, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        var result = PushResult.Failed;
        try
        {
            await inner.ApplyAsync(change, version, cancellationToken).ConfigureAwait(false);
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
            metrics.Pushed(change, result, timeProvider.GetElapsedTime(begun));
            if (result == PushResult.Done && change.Set != Sentinel.Set)
            {
                latency.Pushed();
            }
        }
    }
}
