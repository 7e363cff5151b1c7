namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>Waits until the keys of a lease are what they are to be; what can change of them changes in a round of the keeper.</summary>
/// <param name="records">The keys.</param>
/// <param name="outage">Whether etcd can be used.</param>
internal sealed class SettlementWait(LeasedRecords records, LeaseOutage outage)
{
    private volatile TaskCompletionSource _round = NewRound();

    /// <summary>A round has ended.</summary>
    public void RoundDone() => Interlocked.Exchange(ref _round, NewRound()).TrySetResult();

    /// <summary>Waits until every key has a value and is held with it, as etcd says to this program: what one before it has left may not be there any more.</summary>
    public Task AnnouncedAsync(CancellationToken cancellationToken) => AllAsync(record => record.IsWritten && outage.HasReached, cancellationToken);

    /// <summary>Waits until every value set before is in the store, keys that somebody else has apart, or it is known that it will not be.</summary>
    /// <returns>What became of it, and the newest revision of ours.</returns>
    public async Task<(Settlement Settlement, long Revision)> SettledAsync(CancellationToken cancellationToken)
    {
        await AllAsync(static record => record.IsSettled, cancellationToken, () => (outage.Current is not null && (outage.IsRefused || !HasAnnounced)) || records.Any(static record => record.IsRefused && record.IsHeld)).ConfigureAwait(false);
        return records.WholeRefusal is null && records.All(static record => record.IsSettled) ? (Settlement.Written, records.Revision)
            : HasAnnounced ? (Settlement.Refused, 0)
            : (Settlement.NeverReached, 0);
    }

    /// <summary>Whether anything of ours may be in the store: etcd was reached, or the program before this one has left its keys to it.</summary>
    private bool HasAnnounced => outage.HasReached || records.Any(static record => record.IsHeld);

    private static TaskCompletionSource NewRound() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="condition">What all are to be.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="isVain">Whether there is nothing to wait for; asked after a round.</param>
    private async Task AllAsync(Predicate<LeasedRecord> condition, CancellationToken cancellationToken, Func<bool>? isVain = null)
    {
        while (true)
        {
            // In this order: what a round does after the records were read ends the wait.
            var round = _round;
            if (records.All(condition))
            {
                return;
            }

            await round.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (isVain?.Invoke() == true)
            {
                return;
            }
        }
    }
}

/// <summary>What became of values that were to be written.</summary>
internal enum Settlement
{
    /// <summary>All are in the store, but for keys that somebody else has.</summary>
    Written,

    /// <summary>etcd answers, and takes no writes.</summary>
    Refused,

    /// <summary>etcd was never reached.</summary>
    NeverReached,
}
