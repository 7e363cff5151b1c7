namespace KamRpcDispatcher.Probe;

/// <summary>Looks whether a server is alive. One look at a time: what a look needs is kept for the next one.</summary>
public interface IProbe : IAsyncDisposable
{
    /// <summary>How long one look may take.</summary>
    TimeSpan Timeout { get; }

    /// <summary>
    /// One look, which ends within the probe's own timeout. Whatever the network, the server or the operating system does is an outcome.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken);
}
