using KamailioRpc;

namespace KamRpcDispatcher.Reconcile;

/// <summary>Calls Kamailio, and takes each call for a sign of life of the loop that makes it: one cycle may have thousands.</summary>
/// <param name="inner">Calls Kamailio.</param>
/// <param name="heartbeat">The loop's.</param>
/// <param name="longestStep">How long the loop may take from one call to the next.</param>
internal sealed class HeartbeatClient(IRpcClient inner, Heartbeat heartbeat, TimeSpan longestStep) : IRpcClient
{
    public KamailioAddress Address => inner.Address;

    public string Peer => inner.Peer;

    public Unanswered? Unanswered => inner.Unanswered;

    public Task<RpcResult> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
    {
        heartbeat.Expect(longestStep);
        return inner.InvokeAsync(method, arguments, cancellationToken);
    }

    /// <summary>Whoever made the inner client ends it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
