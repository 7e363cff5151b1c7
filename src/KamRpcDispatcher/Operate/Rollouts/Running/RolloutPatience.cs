using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Operate.Rollouts.Running;

/// <summary>What a runner says, each thing once, and how it waits for etcd.</summary>
/// <param name="tell">Told each thing that happens, a sentence that is safe to print.</param>
/// <param name="timeProvider">The time.</param>
internal sealed class RolloutPatience(Action<string> tell, TimeProvider timeProvider)
{
    private string? _told;

    /// <summary>Says it, unless it was said last.</summary>
    public void TellOnce(string text)
    {
        if (Interlocked.Exchange(ref _told, text) != text)
        {
            tell(text);
        }
    }

    /// <summary>An outage of etcd is waited for: what is in force stays so. What etcd refuses is not.</summary>
    public async Task<T> TryAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (EtcdUnreachableException unreachable) when (!EtcdFailure.IsRefusal(unreachable.InnerException))
            {
                TellOnce($"{unreachable.Message}; what is in force stays so, and it goes on when etcd answers");
                await Task.Delay(EtcdCall.RetryPause, timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
