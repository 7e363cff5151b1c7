using Etcdserverpb;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>A lease as the store has it.</summary>
/// <param name="Granted">How long it lives without a renewal.</param>
/// <param name="Remaining">How long it lives now without one; negative when it has ended.</param>
/// <param name="Keys">What ends with it, as found; null where that may not be read.</param>
public sealed record LeaseStatus(TimeSpan Granted, TimeSpan Remaining, IReadOnlyList<string>? Keys);

/// <summary>Reads leases: what is under one lease has one announcer.</summary>
public sealed class LeaseReader(EtcdConnection store)
{
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public Task<LeaseStatus?> ReadAsync(long lease, CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync(store, () => ReadOnceAsync(lease, cancellationToken), cancellationToken);

    /// <returns>Null where etcd does not tell this user.</returns>
    private async Task<LeaseStatus?> ReadOnceAsync(long lease, CancellationToken cancellationToken)
    {
        // Its keys are told only to who may read all of them.
        foreach (var withKeys in new[] { true, false })
        {
            try
            {
                var request = new LeaseTimeToLiveRequest { ID = lease, Keys = withKeys };
                var found = await store.Leases.LeaseTimeToLiveAsync(request, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
                return new LeaseStatus(TimeSpan.FromSeconds(found.GrantedTTL), TimeSpan.FromSeconds(found.TTL), withKeys ? [.. found.Keys.Select(static key => key.ToStringUtf8())] : null);
            }
            catch (RpcException refused) when (refused.StatusCode is StatusCode.PermissionDenied or StatusCode.Unauthenticated)
            {
                // Asked again without, and then not known.
            }
        }

        return null;
    }
}
