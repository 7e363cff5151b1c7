using KamailioRpc.Errors;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Dispatch;

/// <summary>Notices within a moment that Kamailio's list was reloaded, by a call that costs next to nothing however long the list is.</summary>
internal sealed class SentinelWatch(IDispatcher dispatcher, TimeSpan interval, TimeProvider timeProvider)
{
    private volatile bool _isThere;

    /// <summary>Whether it was there when it was asked for last, so that a reload would be noticed.</summary>
    public bool IsThere => _isThere;

    /// <summary>Takes note of what a reading shows: before the sentinel stands there its absence means nothing.</summary>
    public void Observe(DispatcherTable table) => _isThere = table.Destinations.Any(Sentinel.Is);

    /// <summary>Asks until cancelled; tells when the sentinel has gone, or Kamailio does not answer.</summary>
    public async Task RunAsync(Action gone, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(interval, timeProvider, cancellationToken).ConfigureAwait(false);
            try
            {
                if (_isThere && !await dispatcher.IsListedAsync(Sentinel.Set, Sentinel.Uri, cancellationToken).ConfigureAwait(false))
                {
                    _isThere = false;
                    gone();
                }
            }
            catch (KamailioRpcException)
            {
                // The next cycle meets it too, and tells: at once, as Kamailio may be about to be started anew. Who does not answer is not asked ten times a second.
                if (_isThere)
                {
                    _isThere = false;
                    gone();
                }
            }
        }
    }
}
