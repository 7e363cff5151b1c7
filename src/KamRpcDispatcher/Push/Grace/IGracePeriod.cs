namespace KamRpcDispatcher.Push.Grace;

/// <summary>
/// The time after a structural change during which the next one could free the table that a SIP worker still reads: the second swap
/// frees what the first one replaced, and nothing in Kamailio up to 6.1 counts readers. Thread-safe.
/// </summary>
public interface IGracePeriod
{
    /// <summary>How the end is found, for logs and reports.</summary>
    string Mode { get; }

    /// <summary>How it stands, for logs and reports.</summary>
    GraceState State => new(Mode);

    /// <summary>
    /// A Kamailio was reached, perhaps another one than before: gets ready for its first structural change, which would have to wait for
    /// this otherwise. What fails here is tried again when it is needed.
    /// </summary>
    ValueTask PrepareAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>A structural change was made, or may have been. At any time, also while somebody waits.</summary>
    void Begin();

    /// <summary>
    /// Completes with true when the next structural change may be made, at once where none was made lately; with false when the end
    /// could not be seen in time: the change is left for later, and the period goes on. True is said of the latest change only: one that
    /// was made while this waited is waited for, too.
    /// </summary>
    /// <exception cref="KamailioRpc.Errors.KamailioRpcException">Kamailio could not be asked for its processes.</exception>
    ValueTask<bool> WaitAsync(CancellationToken cancellationToken);
}
