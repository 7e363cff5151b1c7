using KamRpcDispatcher.Asterisk.Ami;

namespace KamRpcDispatcher.Asterisk;

/// <summary>An event that comes once in a session, or not before its end.</summary>
internal sealed class SessionEvent(TimeProvider time)
{
    private readonly TaskCompletionSource _coming = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Made once: each would stay with the two that it waits for, for as long as neither comes, which may be months of seconds.</summary>
    private Task? _either;

    /// <summary>It has come.</summary>
    public void Come() => _coming.TrySetResult();

    /// <param name="closed">The end of the session, the same each time.</param>
    /// <param name="within">How long to wait.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether the event came in time.</returns>
    /// <exception cref="AmiException">The session ended first.</exception>
    public async Task<bool> ComesAsync(Task<AmiException> closed, TimeSpan within, CancellationToken cancellationToken)
    {
        _either ??= Task.WhenAny(_coming.Task, closed);
        try
        {
            await _either.WaitAsync(within, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }

        // Both, when Asterisk said so with its last words.
        return _coming.Task.IsCompleted ? true : throw await closed.ConfigureAwait(false);
    }
}
