using StreamJsonRpc;

namespace KamailioRpc.Connections;

/// <summary>One call over one connection, sent again as long as no reply comes: the first one counts.</summary>
/// <param name="rpc">The connection.</param>
/// <param name="method">What is called.</param>
/// <param name="arguments">With what.</param>
internal sealed class RepeatedCall(JsonRpc rpc, string method, IReadOnlyList<object?> arguments)
{
    private readonly List<Task<RpcResult>> _sent = [];

    /// <summary>Whether replies may still come, to what was sent before or after the one that was answered.</summary>
    public bool IsOwedReplies => _sent.Exists(static sent => !sent.IsCompleted);

    /// <summary>Sends it and waits for the reply.</summary>
    /// <param name="repeatAfter">When it is sent again first, each time after twice as long; null for never.</param>
    /// <param name="timeout">How long all of it may take.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TimeoutException">No reply came.</exception>
    public async Task<RpcResult> InvokeAsync(TimeSpan? repeatAfter, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        for (var pause = repeatAfter; ; pause *= 2)
        {
            _sent.Add(rpc.InvokeWithCancellationAsync<RpcResult>(method, arguments, CancellationToken.None));
            var left = timeout - timeProvider.GetElapsedTime(begun);
            var isLast = pause is null || pause >= left;
            try
            {
                var first = await Task.WhenAny(_sent).WaitAsync(isLast ? Positive(left) : pause!.Value, timeProvider, cancellationToken).ConfigureAwait(false);
                return await first.ConfigureAwait(false);
            }
            catch (TimeoutException) when (!isLast)
            {
                // The reply may be lost.
            }
        }
    }

    /// <summary>Waits for the replies that are owed; false when they do not all come in time.</summary>
    public async Task<bool> SettleAsync(TimeSpan timeout, TimeProvider timeProvider)
    {
        Task settled = Task.WhenAll(_sent);
        await settled.WaitAsync(timeout, timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !IsOwedReplies;
    }

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
