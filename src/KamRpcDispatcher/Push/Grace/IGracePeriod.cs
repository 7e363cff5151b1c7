namespace KamRpcDispatcher.Push.Grace;

/// <summary>
/// The time after a structural change during which the next one could free the table that a SIP worker still reads: the second swap
/// frees what the first one replaced, and nothing in Kamailio up to 6.1 counts readers.
/// </summary>
public interface IGracePeriod
{
    /// <summary>How the end is found, for logs and reports.</summary>
    string Mode { get; }

    /// <summary>A structural change was made, or may have been.</summary>
    void Begin();

    /// <summary>
    /// Completes with true when the next structural change may be made, at once where none was made lately; with false when the end
    /// could not be seen in time: the change is left for later, and the period goes on.
    /// </summary>
    ValueTask<bool> WaitAsync(CancellationToken cancellationToken);
}
