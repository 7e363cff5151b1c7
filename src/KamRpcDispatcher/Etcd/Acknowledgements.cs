namespace KamRpcDispatcher.Etcd;

/// <summary>Which of the live proxies have silenced every member that a revision of the store takes out of service, by their reports.</summary>
internal sealed class Acknowledgements(EtcdStore store, EtcdKeys keys, TimeProvider timeProvider)
{
    private readonly KeyPages _pages = new(store, timeProvider);

    /// <summary>The live proxies whose report does not say so: a report that cannot be read does not say it.</summary>
    public async Task<Acknowledgement> ReadAsync(long revision, CancellationToken cancellationToken)
    {
        var found = await _pages.ReadAsync(keys.Proxies, cancellationToken: cancellationToken).ConfigureAwait(false);

        // What has no lease is no proxy that lives.
        var live = found.Keys.Where(static pair => pair.Lease != 0)
            .Select(pair => (Name: pair.Key.ToStringUtf8()[keys.Proxies.Length..], Progress: Silenced(pair.Value.Memory, revision, found.Revision)))
            .ToList();
        return new Acknowledgement(
            live.Count,
            [.. live.Where(static proxy => proxy.Progress is null).Select(static proxy => proxy.Name)],
            [.. live.SelectMany(static proxy => proxy.Progress?.Superseded ?? []).DistinctBy(static superseded => (superseded.Member, superseded.IsServed))],
            live.Max(static proxy => proxy.Progress?.Unnamed) ?? 0);
    }

    /// <summary>What a report says that has silenced what the revision takes out of service; null of one that has not, or does not say so.</summary>
    /// <param name="report">The proxy's.</param>
    /// <param name="revision">The one that takes members out of service.</param>
    /// <param name="newest">The store's revision: what a report says of a later one it says of the store as it was before it was restored from a backup.</param>
    internal static ProxyProgress? Silenced(ReadOnlyMemory<byte> report, long revision, long newest) =>
        ProxyRecord.ReadProgress(report) is { } progress && progress.Silenced >= revision && progress.Silenced <= newest ? progress : null;
}
