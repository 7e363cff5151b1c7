using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Operate.History;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>Adds to the history which proxies have applied a change, and when.</summary>
public sealed class AppliedHistory(HistoryStore history, TimeProvider timeProvider)
{
    /// <summary>The change is made by then, and its answer waits for this.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Notes how the proxies are with the changes, and deletes what is too old. What of that does not succeed is left: the change is made, and has its entry.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="state">How the proxies are with them in the end; null where nobody waited.</param>
    public async Task NoteAsync(IReadOnlyList<RecordedChange> changes, AppliedState? state)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (changes.Count == 0)
        {
            return;
        }

        using var patience = new CancellationTokenSource(Patience, timeProvider);
        try
        {
            foreach (var change in state is null ? [] : changes)
            {
                await history.AcknowledgeAsync(
                    change,
                    state!.Proxies.Where(static proxy => proxy is { IsApplied: true, AppliedAt: not null }).Select(proxy => new ProxyTime(proxy.Name, timeProvider.GetElapsedTime(change.SentAt, proxy.AppliedAt!.Value))),
                    state.Proxies.Where(static proxy => !proxy.IsApplied).Select(static proxy => proxy.Name),
                    patience.Token).ConfigureAwait(false);
            }

            await history.TrimAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EtcdUnreachableException or OperationCanceledException)
        {
            // Then nobody knows when it was applied, and the next one who writes deletes what is too old.
        }
    }
}
