namespace KamRpcDispatcher.Probe;

public interface IProbe : IAsyncDisposable
{
    Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken);
}
