using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>The end of a lease and of what is under it: a last word where etcd takes one, then delete and revoke.</summary>
internal sealed class LeaseWithdrawal(EtcdStore store, LeasedRecords records, EtcdLease lease, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>How long to try: enough for an endpoint that hangs, and another one.</summary>
    private static readonly TimeSpan Patience = 3 * EtcdStore.CallTimeout;

    /// <returns>False when etcd could not be told, so that the keys end with their lease.</returns>
    public async Task<bool> RunAsync()
    {
        var begun = timeProvider.GetTimestamp();
        while (true)
        {
            var tried = timeProvider.GetTimestamp();
            try
            {
                await WithdrawAsync().ConfigureAwait(false);
                return true;
            }
            catch (Exception exception) when (EtcdStore.IsOutage(exception, CancellationToken.None))
            {
                store.Failed(exception, tried);
                if (EtcdStore.IsRefusal(exception) || timeProvider.GetElapsedTime(begun) + EtcdStore.CallTimeout > Patience)
                {
                    EtcdLog.NotWithdrawn(logger, records.ToString(), EtcdStore.Describe(exception));
                    return false;
                }

                await Task.Delay(EtcdStore.RetryPause, timeProvider, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                EtcdLog.NotWithdrawn(logger, records.ToString(), LoopFaults.Summary(exception));
                return false;
            }
        }
    }

    private async Task WithdrawAsync()
    {
        var (count, first, refusal) = await records.DeleteAsync(lease.Id, CancellationToken.None).ConfigureAwait(false);
        try
        {
            await lease.RevokeAsync(EtcdStore.Options(CancellationToken.None)).ConfigureAwait(false);
        }
        catch (RpcException gone) when (gone.StatusCode == StatusCode.NotFound)
        {
            // It had ended by itself.
        }

        if (count > 0 && refusal is null)
        {
            EtcdLog.Withdrawn(logger, LeasedRecords.Name(first, count));
        }
        else if (count > 0)
        {
            EtcdLog.WithdrawnSilently(logger, LeasedRecords.Name(first, count), EtcdStore.Describe(refusal!));
        }
    }
}
