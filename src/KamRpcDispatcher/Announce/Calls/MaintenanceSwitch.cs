using KamRpcDispatcher.Asterisk;

namespace KamRpcDispatcher.Announce.Calls;

/// <summary>Why an Asterisk is to be in maintenance mode.</summary>
internal enum MaintenanceCause
{
    /// <summary>Operators drain all of its members.</summary>
    Drain,

    /// <summary>Its announcer leaves.</summary>
    Stop,
}

/// <summary>Has Asterisk be in maintenance mode as long as there is a cause, and out of it when there is none any more; what somebody else has set stays as it is.</summary>
internal sealed class MaintenanceSwitch(AsteriskMonitor asterisk) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly HashSet<MaintenanceCause> _causes = [];
    private bool _isOurs;
    private bool _hasEnded;

    /// <summary>Whether Asterisk is in maintenance mode by this switch.</summary>
    public bool IsOurs { get => _isOurs; init => _isOurs = value; }

    /// <summary>Adds a cause, or takes it away. What could not be done is tried again the next time.</summary>
    public Task SetAsync(MaintenanceCause cause, bool isThere, CancellationToken cancellationToken) =>
        SetAsync(() => _ = isThere ? _causes.Add(cause) : _causes.Remove(cause), cancellationToken);

    /// <summary>Takes every cause away, for good: Asterisk may go on, with another announcer.</summary>
    public Task EndAsync() => SetAsync(() => _hasEnded = true, CancellationToken.None);

    public void Dispose() => _one.Dispose();

    private async Task SetAsync(Action change, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            change();
            var isWanted = _causes.Count > 0 && !_hasEnded;
            if (isWanted ? asterisk.IsInMaintenance : !_isOurs)
            {
                return;
            }

            if (await asterisk.SetMaintenanceAsync(isWanted, cancellationToken).ConfigureAwait(false))
            {
                _isOurs = isWanted;
            }
        }
        finally
        {
            _one.Release();
        }
    }
}
