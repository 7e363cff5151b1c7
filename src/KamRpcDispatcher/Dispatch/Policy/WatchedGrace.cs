using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Push.Grace;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>A grace period that tells the watch of the loop when it is waited for.</summary>
/// <param name="inner">The grace period.</param>
/// <param name="loop">The watch.</param>
/// <param name="longest">How long a wait takes at most.</param>
/// <param name="longestOverdue">The same after waits that did not see the end, which are told as trouble.</param>
internal sealed class WatchedGrace(IGracePeriod inner, LoopWatch loop, TimeSpan longest, TimeSpan longestOverdue) : IGracePeriod
{
    public string Mode => inner.Mode;

    public GraceState State => inner.State;

    public ValueTask PrepareAsync(CancellationToken cancellationToken) => inner.PrepareAsync(cancellationToken);

    public void Begin() => inner.Begin();

    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        loop.Enter(LoopStep.Grace, inner.State.OverdueSince is null ? longest : longestOverdue);
        try
        {
            return await inner.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            loop.Works();
        }
    }
}
