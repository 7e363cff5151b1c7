namespace KamRpcDispatcher.IntegrationTests.Operate.Load;

/// <summary>A call that a server has answered.</summary>
/// <param name="Server">The URI of the server.</param>
/// <param name="CallId">Its Call-ID.</param>
/// <param name="Begun">When the caller sent it.</param>
/// <param name="Answered">When it was known to be up: the proxy decided where it goes in between.</param>
internal sealed record AnsweredCall(string Server, string CallId, DateTimeOffset Begun, DateTimeOffset Answered);

/// <summary>Which server answered which call, and when. Thread-safe.</summary>
internal sealed class CallLedger
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly List<AnsweredCall> _calls = [];

    /// <summary>What a server tells, by its URI.</summary>
    public Action<string, DateTimeOffset?> Of(string server) => (callId, begun) =>
    {
        lock (_gate)
        {
            _calls.Add(new AnsweredCall(server, callId, begun ?? throw new InvalidOperationException($"{callId} does not say when it began"), DateTimeOffset.UtcNow));
        }
    };

    /// <summary>The calls that began from a moment on.</summary>
    public IReadOnlyList<AnsweredCall> Since(DateTimeOffset begin)
    {
        lock (_gate)
        {
            return [.. _calls.Where(call => call.Begun >= begin)];
        }
    }

    /// <summary>Waits until so many calls are known that began from a moment on.</summary>
    /// <exception cref="TimeoutException">They were not in time.</exception>
    public async Task WaitAsync(int calls, DateTimeOffset begin, TimeSpan patience)
    {
        for (var deadline = DateTimeOffset.UtcNow + patience; Since(begin).Count is var count && count < calls; await Task.Delay(BetweenLooks))
        {
            if (DateTimeOffset.UtcNow > deadline)
            {
                throw new TimeoutException($"{count} of {calls} calls were answered within {patience}");
            }
        }
    }
}
