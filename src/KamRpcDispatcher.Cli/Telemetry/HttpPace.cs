namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>So many answers a second and no more: others wait for the next second, so that nobody takes the processor from the daemon by asking.</summary>
internal sealed class HttpPace(TimeProvider timeProvider)
{
    internal const int MostEachSecond = 100;

    /// <summary>How many seconds are waited for at most.</summary>
    private const int Patience = 5;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private long _begun = timeProvider.GetTimestamp();
    private int _count;

    /// <summary>False where it is not this one's turn for a long time.</summary>
    public async ValueTask<bool> TurnAsync(CancellationToken cancellationToken)
    {
        for (var waits = 0; ; waits++)
        {
            TimeSpan rest;
            lock (_gate)
            {
                var elapsed = timeProvider.GetElapsedTime(_begun);
                if (elapsed >= Window)
                {
                    (_begun, _count, elapsed) = (timeProvider.GetTimestamp(), 0, TimeSpan.Zero);
                }

                if (_count < MostEachSecond)
                {
                    _count++;
                    return true;
                }

                rest = Window - elapsed;
            }

            if (waits == Patience)
            {
                return false;
            }

            await Task.Delay(rest, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }
}
