using KamRpcDispatcher.Etcd.Connection;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>Hands a lease with its keys over to the program that takes this one's place, and takes over what the one before has left.</summary>
/// <param name="lease">The lease.</param>
/// <param name="records">Its keys.</param>
/// <param name="wake">Has the keeper come round at once.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class LeaseHandover(EtcdLease lease, LeasedRecords records, Action wake, TimeProvider timeProvider, ILogger logger)
{
    private Request? _request;
    private long? _renewedBefore;

    /// <summary>The leases under which its keys are.</summary>
    public IReadOnlyList<long> Leases => lease.Ids;

    /// <summary>Whether the program before this one has left a lease.</summary>
    public bool HasAdopted { get; private set; }

    /// <summary>Goes on with what the program before this one has left. Whether it is still there the keeper finds out: first of all it renews the lease, then it reads the keys.</summary>
    public void Adopt(HeldLease held)
    {
        if (held.Id == 0)
        {
            return;
        }

        lease.Adopt(held);
        records.Store = (held.Store, held.Revision);
        var keys = held.Keys.ToDictionary(static key => key.Name);
        foreach (var record in records.Each)
        {
            if (keys.TryGetValue(record.Name, out var key))
            {
                record.See(new Mvccpb.KeyValue { Key = record.Key, Value = key.Value, ModRevision = key.ModRevision, Lease = held.Id }, withValue: true, held.Id);
            }
        }

        _renewedBefore = held.RenewedAt;
        HasAdopted = true;
    }

    /// <summary>Waits until the keeper has renewed the lease, and stands still for as long as it is handed over.</summary>
    /// <param name="take">Takes it. When it returns the keeper goes on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task HandOverAsync(Action<HeldLease> take, CancellationToken cancellationToken)
    {
        var request = new Request(take, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        Volatile.Write(ref _request, request);
        wake();
        try
        {
            await request.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.CompareExchange(ref _request, null, request);
        }
    }

    /// <summary>The lease was renewed: the first time after it was taken over that is told, with the time between.</summary>
    public void Renewed()
    {
        if (_renewedBefore is { } before && lease.Id != 0)
        {
            EtcdLog.Adopted(logger, records.ToString(), lease.Id, timeProvider.GetElapsedTime(before).TotalMilliseconds);
        }

        _renewedBefore = null;
    }

    /// <summary>Between two rounds of the keeper: does what was asked for.</summary>
    public async Task ServeAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _request) is null || lease.Ids.Count > 1)
        {
            return;
        }

        try
        {
            // All of its life is ahead then.
            if (!await lease.KeepAliveAsync(cancellationToken, isNow: true).ConfigureAwait(false))
            {
                return;
            }
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
        {
            // Whoever comes tries on, as this program would.
        }

        if (Interlocked.Exchange(ref _request, null) is { } request)
        {
            try
            {
                request.Take(lease.Hold(records.Store, [.. records.Each.Select(static record => record.Held).OfType<HeldKey>()]));
                request.Done.SetResult();
            }
            catch (Exception exception)
            {
                request.Done.SetException(exception);
            }
        }
    }

    private sealed record Request(Action<HeldLease> Take, TaskCompletionSource Done);
}
