using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>One lease of ours: granted when it is needed, kept alive, revoked.</summary>
internal sealed class EtcdLease(EtcdStore store, TimeSpan ttl, ILogger? logger = null)
{
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a renewal may take, when one is due every third of the TTL: after one that a server swallowed, and another that a second one
    /// did, there is time for a third.
    /// </summary>
    private readonly TimeSpan _patience = TimeSpan.FromTicks(Math.Clamp(ttl.Ticks / 5, ShortestPatience.Ticks, EtcdStore.CallTimeout.Ticks));

    /// <summary>The term of etcd's leader when it was granted.</summary>
    private ulong _term;
    private LeaseGrantResponse? _successor;
    private long? _told;

    /// <summary>Its number, 0 while there is none. A renewal may change it.</summary>
    public long Id { get; private set; }

    /// <summary>How long it lives without a renewal: what was granted, which may be more than what was asked for, or less. Without end while there is none.</summary>
    public TimeSpan Ttl { get; private set; } = TimeSpan.MaxValue;

    /// <summary>Has one granted, if there is none.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (Id == 0)
        {
            Take(await GrantAsync(cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>
    /// Renews it; false when it has ended. When etcd has had another leader since it was granted, the keys under it are put under a new one,
    /// unchanged.
    /// </summary>
    public async Task<bool> KeepAliveAsync(CancellationToken cancellationToken)
    {
        var renewed = await RenewAsync(cancellationToken).ConfigureAwait(false);
        if (renewed.TTL > 0 && renewed.Header.RaftTerm > _term)
        {
            await ReplaceAsync(cancellationToken).ConfigureAwait(false);
        }

        return renewed.TTL > 0;
    }

    /// <summary>It has ended: the next one will be another.</summary>
    public void Forget()
    {
        Id = 0;
        _successor = null;
    }

    /// <summary>Ends it, and with it the keys under it.</summary>
    public async Task RevokeAsync(CallOptions options) =>
        await store.Leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = Id }, options).ConfigureAwait(false);

    private async Task<LeaseGrantResponse> GrantAsync(CancellationToken cancellationToken)
    {
        var request = new LeaseGrantRequest { TTL = (long)Math.Ceiling(ttl.TotalSeconds) };
        var granted = await store.Leases.LeaseGrantAsync(request, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
        if (granted.TTL != request.TTL && granted.TTL != _told && logger is not null)
        {
            _told = granted.TTL;
            EtcdLog.OtherTtl(logger, granted.TTL, request.TTL);
        }

        return granted;
    }

    private void Take(LeaseGrantResponse granted)
    {
        Id = granted.ID;
        Ttl = TimeSpan.FromSeconds(granted.TTL);
        _term = granted.Header.RaftTerm;
        _successor = null;
    }

    /// <summary>One short stream a renewal: a long one can hang for as long as its server does.</summary>
    private async Task<LeaseKeepAliveResponse> RenewAsync(CancellationToken cancellationToken)
    {
        using var call = store.Leases.LeaseKeepAlive(EtcdStore.Options(_patience, cancellationToken));
        await call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = Id }, cancellationToken).ConfigureAwait(false);
        if (!await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the keep-alive"));
        }

        await call.RequestStream.CompleteAsync().ConfigureAwait(false);
        return call.ResponseStream.Current;
    }

    /// <summary>Puts what is under the lease under a new one.</summary>
    /// <remarks>
    /// A leader that hung, and goes on after another was elected, revokes every lease that has ended by its own reckoning, however often they
    /// were renewed meanwhile (etcd issue 15247; 3.4.23 does): all keys of the cluster go at once. Of a newer lease it does not know.
    /// </remarks>
    private async Task ReplaceAsync(CancellationToken cancellationToken)
    {
        // Kept until every key is under it: whether a write without an answer was done is not known, and doing it again does no harm.
        _successor ??= await GrantAsync(cancellationToken).ConfigureAwait(false);
        var held = new LeaseTimeToLiveRequest { ID = Id, Keys = true };
        foreach (var key in (await store.Leases.LeaseTimeToLiveAsync(held, EtcdStore.Options(cancellationToken)).ConfigureAwait(false)).Keys)
        {
            await store.Keys.TxnAsync(Replacing(key), EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
        }

        var old = Id;
        Take(_successor);
        await store.Leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = old }, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
    }

    private TxnRequest Replacing(ByteString key) => new()
    {
        Compare = { new Compare { Key = key, Target = Compare.Types.CompareTarget.Lease, Result = Compare.Types.CompareResult.Equal, Lease = Id } },
        Success = { new RequestOp { RequestPut = new PutRequest { Key = key, IgnoreValue = true, Lease = _successor!.ID } } },
    };
}
