using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>The end of a lease and of what is under it: a last word where etcd takes one, then delete and revoke.</summary>
internal sealed class LeaseWithdrawal(EtcdConnection store, LeasedRecords records, EtcdLease lease, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>How long to try: enough for an endpoint that hangs, and another one.</summary>
    private static readonly TimeSpan Patience = 3 * EtcdCall.Timeout;

    /// <summary>What was found to be ours, by a try that failed too.</summary>
    private readonly SortedSet<string> _ours = new(StringComparer.Ordinal);

    /// <summary>Those of them that etcd does not let be deleted.</summary>
    private readonly SortedSet<string> _left = new(StringComparer.Ordinal);
    private Exception? _refusal;

    /// <summary>Whether etcd answers, and does not let it: then the keys are there until the lease ends, though etcd is.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>The keys that etcd does not let be deleted while it does others, in one line; null for none.</summary>
    public string? Left => _left.Count > 0 ? LeasedRecords.Name(_left.Min!, _left.Count) : null;

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
            catch (Exception exception) when (EtcdFailure.IsOutage(exception, CancellationToken.None))
            {
                store.Failed(exception, tried);
                if (EtcdFailure.IsRefusal(exception) || timeProvider.GetElapsedTime(begun) + EtcdCall.Timeout > Patience)
                {
                    TellLeft(exception);
                    IsRefused = EtcdFailure.IsRefusal(exception);
                    return false;
                }

                await Task.Delay(EtcdCall.RetryPause, timeProvider, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                EtcdLog.NotWithdrawn(logger, records.ToString(), LoopFaults.Summary(exception));
                return false;
            }
        }
    }

    /// <summary>A key that ended with its lease before its turn would have had no last word.</summary>
    private async Task<CallOptions> BeginAsync()
    {
        try
        {
            await lease.KeepAliveAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (RpcException refused) when (EtcdFailure.IsRefusal(refused))
        {
            // It may be deleted even so.
        }

        return EtcdCall.Options(CancellationToken.None);
    }

    /// <summary>Where etcd refuses some, the others are withdrawn.</summary>
    private void TellLeft(Exception exception)
    {
        EtcdLog.NotWithdrawn(logger, Left ?? records.ToString(), EtcdFailure.Describe(exception));
        if (_left.Count == 0)
        {
            return;
        }

        _ours.ExceptWith(_left);
        if (_ours.Count > 0)
        {
            EtcdLog.Withdrawn(logger, LeasedRecords.Name(_ours.Min!, _ours.Count));
        }
    }

    private async Task WithdrawAsync()
    {
        var (isDone, refusal) = await records.DeleteAsync(lease.Ids, _ours, _left, BeginAsync).ConfigureAwait(false);
        _refusal ??= refusal;
        try
        {
            await lease.RevokeAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (isDone && EtcdFailure.IsOutage(exception, CancellationToken.None))
        {
            // Nothing is under it any more: it may end by itself.
        }

        if (_ours.Count > 0 && _refusal is null)
        {
            EtcdLog.Withdrawn(logger, LeasedRecords.Name(_ours.Min!, _ours.Count));
        }
        else if (_ours.Count > 0)
        {
            EtcdLog.WithdrawnSilently(logger, LeasedRecords.Name(_ours.Min!, _ours.Count), EtcdFailure.Describe(_refusal!));
        }
    }
}
