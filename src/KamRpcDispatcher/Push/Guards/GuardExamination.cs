namespace KamRpcDispatcher.Push.Guards;

/// <summary>Waits for what guards say. Whoever checks may wait for others, such as name servers; a newer plan waits a moment for that, and no more.</summary>
internal static class GuardExamination
{
    /// <summary>How long a check goes on although a newer plan is due, so that there is progress under any storm of events.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    /// <param name="examine">Begins the check.</param>
    /// <param name="interrupted">Completes when a newer plan is due.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What speaks against the change; later where a newer plan was due first.</returns>
    public static async Task<(bool IsLater, Objection? Objection)> RunAsync(Func<CancellationToken, Task<Objection?>> examine, Task interrupted, CancellationToken cancellationToken)
    {
        using var check = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var checking = examine(check.Token);
        try
        {
            if (!checking.IsCompleted && await Task.WhenAny(checking, interrupted).ConfigureAwait(false) != checking)
            {
                await Task.WhenAny(checking, Task.Delay(Patience, check.Token)).ConfigureAwait(false);
            }

            return checking.IsCompleted ? (false, await checking.ConfigureAwait(false)) : (true, null);
        }
        finally
        {
            await check.CancelAsync().ConfigureAwait(false);
            await ((Task)checking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
