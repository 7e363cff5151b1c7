using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>One lease of ours: granted when it is needed, kept alive, revoked.</summary>
/// <param name="store">The connection.</param>
/// <param name="ttl">How long it is to live without a renewal.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class EtcdLease(EtcdConnection store, TimeSpan ttl, TimeProvider timeProvider, ILogger? logger = null)
{
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>A shorter life than this has shorter pauses between renewals that fail.</summary>
    private static readonly TimeSpan LifeOfWholePauses = TimeSpan.FromSeconds(6);

    private readonly KeyTransactions _keys = new(store);

    /// <summary>The term of etcd's leader when it was granted.</summary>
    private ulong _term;
    private LeaseGrantResponse? _successor;
    private long? _renewedAt;
    private long _renewedFor;
    private long? _told;

    /// <summary>Its number, 0 while there is none. A replacement changes it.</summary>
    public long Id { get; private set; }

    /// <summary>Its number, and that of the lease that its keys are being put under, if they are.</summary>
    public IReadOnlyList<long> Ids => Id == 0 ? [] : _successor is null ? [Id] : [Id, _successor.ID];

    /// <summary>How long it lives without a renewal: what was granted, which may be more than what was asked for, or less. Without end while there is none.</summary>
    public TimeSpan Ttl { get; private set; } = TimeSpan.MaxValue;

    /// <summary>Whether etcd has had another leader since it was granted: <see cref="ReplaceAsync"/> before anything else is done under it.</summary>
    public bool IsOutdated { get; private set; }

    /// <summary>
    /// How long a renewal may take, when one is due every fifth of the TTL: after one that a server swallowed, and another that a second one
    /// did, there is time for a third.
    /// </summary>
    internal TimeSpan Patience { get; } = TimeSpan.FromTicks(Math.Clamp(ttl.Ticks / 5, ShortestPatience.Ticks, EtcdCall.Timeout.Ticks));

    /// <summary>How long until it is to be renewed.</summary>
    /// <remarks>A server may hang for most of the lease's life: a renewal that it swallowed is followed by others in time.</remarks>
    public TimeSpan UntilRenewal =>
        _renewedAt is { } renewed ? TimeSpan.FromTicks(Math.Max(0, ((Ttl < ttl ? Ttl : ttl) / 5 - timeProvider.GetElapsedTime(renewed)).Ticks)) : TimeSpan.Zero;

    /// <summary>How long ago it was renewed, by when that was sent; null while there is none. Asked by any thread.</summary>
    public TimeSpan? Age => Id != 0 && Interlocked.Read(ref _renewedFor) is not 0 and var sent ? timeProvider.GetElapsedTime(sent) : null;

    /// <summary>How long to wait after a renewal that failed: another length each time, and shorter while a short life runs out.</summary>
    public TimeSpan RetryPause =>
        Id != 0 && _renewedAt is { } renewed && timeProvider.GetElapsedTime(renewed) < Ttl ? EtcdCall.RetryPause * Math.Min(1, Ttl / LifeOfWholePauses) : EtcdCall.RetryPause;

    /// <summary>Has one granted, if there is none.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (Id == 0)
        {
            var sent = timeProvider.GetTimestamp();
            Take(await GrantAsync(EtcdCall.Timeout, cancellationToken).ConfigureAwait(false));
            Renewed(sent);
        }
    }

    /// <summary>Goes on with one that the program before this one has held: it is to be renewed at once.</summary>
    public void Adopt(HeldLease held)
    {
        (Id, Ttl, _term) = (held.Id, held.Granted, held.Term);

        // Whoever wants another time to live gets it.
        IsOutdated = held.Asked != ttl;
    }

    /// <summary>As whoever comes after this program gets it.</summary>
    public HeldLease Hold((ulong Cluster, long Revision) store, IReadOnlyList<HeldKey> keys) => new(Id, Ttl, ttl, _term, _renewedAt ?? 0, store.Cluster, store.Revision, keys);

    /// <summary>Renews it, if there is one and its time has come, or now in any case; false when it has ended.</summary>
    public async Task<bool> KeepAliveAsync(CancellationToken cancellationToken, bool isNow = false)
    {
        if (Id == 0 || (!isNow && UntilRenewal > TimeSpan.Zero))
        {
            return true;
        }

        // Its life counts from when the renewal was sent.
        var sent = timeProvider.GetTimestamp();
        var renewed = await RenewAsync(Id, cancellationToken).ConfigureAwait(false);
        if (renewed.TTL <= 0)
        {
            return false;
        }

        IsOutdated |= renewed.Header.RaftTerm > _term;
        if (_successor is { } successor && (await RenewAsync(successor.ID, cancellationToken).ConfigureAwait(false)).TTL <= 0)
        {
            _successor = null;
            throw new RpcException(new Status(StatusCode.Unavailable, "a lease ended while keys were put under it"));
        }

        Renewed(sent);
        return true;
    }

    private void Renewed(long sent)
    {
        _renewedAt = sent;
        Interlocked.Exchange(ref _renewedFor, sent);
    }

    /// <summary>It has ended: the next one will be another, that under which a part of its keys is already, if there is one.</summary>
    public void Forget()
    {
        Id = 0;
        IsOutdated = false;
        if (_successor is { } successor)
        {
            Take(successor);
        }
    }

    /// <summary>Ends it, and with it the keys under it.</summary>
    public Task RevokeAsync(CancellationToken cancellationToken) => RevokeAsync(Ids, cancellationToken);

    /// <summary>Puts what is under the lease under a new one, unchanged.</summary>
    /// <remarks>
    /// A leader that hung, and goes on after another was elected, revokes every lease that has ended by its own reckoning, however often they
    /// were renewed meanwhile (etcd issue 15247; 3.4.23 does): all keys of the cluster go at once. Of a newer lease it does not know.
    /// </remarks>
    /// <param name="patience">How long each call may take.</param>
    /// <param name="renewal">Of this lease, meanwhile, and of the other one: both have to live until the last key is moved.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RpcException">It is to be called again.</exception>
    public async Task ReplaceAsync(TimeSpan patience, LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        // Kept until every key is under it: whether a write without an answer was done is not known, and doing it again does no harm.
        _successor ??= await renewal.DuringAsync(token => GrantAsync(patience, token), cancellationToken).ConfigureAwait(false);
        var request = new LeaseTimeToLiveRequest { ID = Id, Keys = true };
        var held = await renewal.DuringAsync(token => store.Leases.LeaseTimeToLiveAsync(request, EtcdCall.Options(patience, token)).ResponseAsync, cancellationToken).ConfigureAwait(false);
        foreach (var batch in held.Keys.Chunk(KeyTransactions.MostKeys))
        {
            if (await renewal.DuringAsync(token => MoveAsync(batch, patience, token), cancellationToken).ConfigureAwait(false))
            {
                continue;
            }

            // One of them is not under it any more, or etcd refuses it.
            foreach (var key in batch)
            {
                await renewal.DuringAsync(token => MoveAsync([key], patience, token), cancellationToken).ConfigureAwait(false);
            }
        }

        var old = Id;
        Take(_successor);
        try
        {
            await renewal.DuringAsync(
                async token =>
                {
                    await RevokeAsync([old], token).ConfigureAwait(false);
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException refused) when (EtcdFailure.IsOfKeys(refused))
        {
            // A key that may not be written is still under it, and ends with it.
        }
    }

    private async Task<bool> MoveAsync(IReadOnlyList<ByteString> keys, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await _keys.MoveAsync(keys, Id, _successor!.ID, EtcdCall.Options(patience, cancellationToken)).ConfigureAwait(false);
        }
        catch (RpcException refused) when (EtcdFailure.IsOfKeys(refused))
        {
            return false;
        }
    }

    private async Task RevokeAsync(IReadOnlyList<long> leases, CancellationToken cancellationToken)
    {
        foreach (var lease in leases)
        {
            try
            {
                await store.Leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = lease }, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
            }
            catch (RpcException gone) when (gone.StatusCode == StatusCode.NotFound)
            {
                // It had ended by itself.
            }
        }
    }

    private async Task<LeaseGrantResponse> GrantAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var request = new LeaseGrantRequest { TTL = (long)Math.Ceiling(ttl.TotalSeconds) };
        var granted = await store.Leases.LeaseGrantAsync(request, EtcdCall.Options(patience, cancellationToken)).ConfigureAwait(false);
        if (granted.TTL != request.TTL && granted.TTL != _told && logger is not null)
        {
            _told = granted.TTL;
            EtcdLog.OtherTtl(logger, TimeSpan.FromSeconds(granted.TTL), TimeSpan.FromSeconds(request.TTL));
        }

        return granted;
    }

    private void Take(LeaseGrantResponse granted)
    {
        Id = granted.ID;
        Ttl = TimeSpan.FromSeconds(granted.TTL);
        _term = granted.Header.RaftTerm;
        _successor = null;
        IsOutdated = false;
    }

    /// <summary>One short stream a renewal: a long one can hang for as long as its server does.</summary>
    private async Task<LeaseKeepAliveResponse> RenewAsync(long lease, CancellationToken cancellationToken)
    {
        using var call = store.Leases.LeaseKeepAlive(EtcdCall.Options(Patience, cancellationToken));
        await call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = lease }, cancellationToken).ConfigureAwait(false);
        if (!await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the keep-alive"));
        }

        await call.RequestStream.CompleteAsync().ConfigureAwait(false);
        return call.ResponseStream.Current;
    }
}
