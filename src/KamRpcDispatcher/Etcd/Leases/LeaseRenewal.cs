using Grpc.Core;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>Has a lease renewed while something else is asked of etcd, so that it lives however long that takes.</summary>
/// <param name="lease">The lease.</param>
/// <param name="expectCalls">Called before each renewal: a few calls are made, each within its timeout.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class LeaseRenewal(EtcdLease lease, Action expectCalls, TimeProvider timeProvider)
{
    /// <summary>Makes a call, before which and during which the lease is renewed whenever that is due.</summary>
    /// <param name="call">One call, which leaves the lease alone, and the token that gives it up.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RpcException">The lease could not be renewed, so that the call was given up: whether it was done is not known. <c>NotFound</c>: it has ended.</exception>
    public async Task<T> DuringAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        await RenewAsync(cancellationToken).ConfigureAwait(false);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var calling = call(over.Token);
        try
        {
            while (await Task.WhenAny(calling, DueAsync(over.Token)).ConfigureAwait(false) != calling)
            {
                await RenewAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await ((Task)calling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return await calling.ConfigureAwait(false);
    }

    private Task DueAsync(CancellationToken cancellationToken) =>
        Task.Delay(lease.Id == 0 ? Timeout.InfiniteTimeSpan : lease.UntilRenewal, timeProvider, cancellationToken);

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        expectCalls();
        if (!await lease.KeepAliveAsync(cancellationToken).ConfigureAwait(false))
        {
            // As a write under it would say.
            throw new RpcException(new Status(StatusCode.NotFound, "the lease has ended"));
        }
    }
}
