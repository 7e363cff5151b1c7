using KamailioRpc;
using KamailioRpc.Connections;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch;

/// <summary>
/// Calls Kamailio, and takes each call for a sign of life of the loop that makes it: one cycle may have thousands. For that loop only: who calls
/// beside it says nothing of it.
/// </summary>
/// <param name="inner">Calls Kamailio.</param>
/// <param name="heartbeat">The loop's.</param>
/// <param name="longestStep">How long the loop may take from one call to the next.</param>
/// <param name="loop">Told of each call; null for nobody.</param>
/// <param name="longestCall">How long one may take.</param>
internal sealed class HeartbeatClient(IRpcClient inner, Heartbeat heartbeat, TimeSpan longestStep, LoopWatch? loop = null, TimeSpan longestCall = default) : IRpcClient
{
    public KamailioAddress Address => inner.Address;

    public string InstanceToken => inner.InstanceToken;

    public Unanswered? Unanswered => inner.Unanswered;

    public async Task<RpcResult> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
    {
        heartbeat.Expect(longestStep);
        loop?.Enter(LoopStep.Call, longestCall);
        try
        {
            return await inner.InvokeAsync(method, arguments, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            loop?.Works();
        }
    }

    /// <summary>Whoever made the inner client ends it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
