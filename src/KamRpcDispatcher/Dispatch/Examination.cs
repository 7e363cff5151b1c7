using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Dispatch;

/// <summary>Has Kamailio's configuration examined after each start of Kamailio: beside the cycles, after the first one, and never in their way.</summary>
/// <param name="examine">Examines, and says whether Kamailio could be asked.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class Examination(Func<CancellationToken, Task<bool>> examine, TimeProvider timeProvider)
{
    /// <summary>Right after a start Kamailio does not list all of its processes, and its destinations come first.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>From one examination to the next: a Kamailio that starts over and over is not examined each time.</summary>
    internal static readonly TimeSpan BetweenExaminations = TimeSpan.FromMinutes(1);

    private readonly WakeSignal _due = new();
    private KamailioInstance? _instance;

    /// <summary>A cycle has read this Kamailio's list.</summary>
    public void Observe(KamailioInstance instance)
    {
        if (instance != _instance)
        {
            _instance = instance;
            _due.Raise();
        }
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _due.Raised.WaitAsync(cancellationToken).ConfigureAwait(false);
            await Task.Delay(Pause, timeProvider, cancellationToken).ConfigureAwait(false);
            _due.Take();
            if (!await examine(cancellationToken).ConfigureAwait(false))
            {
                _due.Raise();
            }

            await Task.Delay(BetweenExaminations, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }
}
