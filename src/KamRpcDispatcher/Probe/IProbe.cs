namespace KamRpcDispatcher.Probe;

/// <summary>Checks whether a server is alive. One probe at a time: what a probe needs is kept for the next one.</summary>
public interface IProbe : IAsyncDisposable
{
    /// <summary>How long one probe may take.</summary>
    TimeSpan Timeout { get; }

    /// <summary>
    /// One probe, which ends within its own timeout. Whatever the network, the server or the operating system does is an outcome.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken);
}
