namespace KamRpcDispatcher.Etcd;

/// <summary>Which of the live proxies have silenced every member that a revision of the store takes out of service, by their reports.</summary>
internal sealed class Acknowledgements(EtcdStore store, EtcdKeys keys, TimeProvider timeProvider)
{
    private readonly KeyPages _pages = new(store, timeProvider);

    /// <summary>The live proxies whose report does not say so: a report that cannot be read does not say it.</summary>
    public async Task<(int Proxies, IReadOnlyList<string> Missing)> ReadAsync(long revision, CancellationToken cancellationToken)
    {
        var found = await _pages.ReadAsync(keys.Proxies, cancellationToken: cancellationToken).ConfigureAwait(false);

        // What has no lease is no proxy that lives.
        var live = found.Keys.Where(static pair => pair.Lease != 0).ToList();
        return (live.Count, [.. live.Where(pair => !HasSilenced(pair.Value.Memory, revision, found.Revision)).Select(pair => pair.Key.ToStringUtf8()[keys.Proxies.Length..])]);
    }

    /// <summary>An earlier version does not say what is silenced: then only what is in force whole counts.</summary>
    /// <param name="report">The proxy's.</param>
    /// <param name="revision">The one that takes members out of service.</param>
    /// <param name="newest">The store's revision: what a report says of a later one it says of the store as it was before it was restored from a backup.</param>
    internal static bool HasSilenced(ReadOnlyMemory<byte> report, long revision, long newest) =>
        ProxyRecord.TryRead(report, out var status, out _) && (status.Silenced ?? status.Revision) is var silenced && silenced >= revision && silenced <= newest;
}
