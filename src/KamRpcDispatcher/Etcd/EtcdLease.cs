using Etcdserverpb;
using Grpc.Core;

namespace KamRpcDispatcher.Etcd;

/// <summary>One lease of ours: granted when it is needed, kept alive, revoked.</summary>
internal sealed class EtcdLease(EtcdStore store, TimeSpan ttl)
{
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a renewal may take, when one is due every third of the TTL: after one that a server swallowed, and another that a second one
    /// did, there is time for a third.
    /// </summary>
    private readonly TimeSpan _patience = TimeSpan.FromTicks(Math.Clamp(ttl.Ticks / 5, ShortestPatience.Ticks, EtcdStore.CallTimeout.Ticks));

    /// <summary>Its number, 0 while there is none.</summary>
    public long Id { get; private set; }

    /// <summary>Has one granted, if there is none.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (Id == 0)
        {
            var request = new LeaseGrantRequest { TTL = (long)Math.Ceiling(ttl.TotalSeconds) };
            Id = (await store.Leases.LeaseGrantAsync(request, EtcdStore.Options(cancellationToken)).ConfigureAwait(false)).ID;
        }
    }

    /// <summary>Renews it; false when it has ended. One short stream a renewal: a long one can hang for as long as its server does.</summary>
    public async Task<bool> KeepAliveAsync(CancellationToken cancellationToken)
    {
        using var call = store.Leases.LeaseKeepAlive(EtcdStore.Options(_patience, cancellationToken));
        await call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = Id }, cancellationToken).ConfigureAwait(false);
        if (!await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the keep-alive"));
        }

        await call.RequestStream.CompleteAsync().ConfigureAwait(false);
        return call.ResponseStream.Current.TTL > 0;
    }

    /// <summary>It has ended: the next one will be another.</summary>
    public void Forget() => Id = 0;

    /// <summary>Ends it, and with it the keys under it.</summary>
    public async Task RevokeAsync(CallOptions options) =>
        await store.Leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = Id }, options).ConfigureAwait(false);
}
