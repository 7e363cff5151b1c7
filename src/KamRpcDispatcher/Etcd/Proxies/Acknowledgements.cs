using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>Which of the live proxies have silenced every member that a revision of the store takes out of service, by their reports. One caller at a time.</summary>
/// <remarks>Who leaves asks again and again, maybe with many others: after the first time only what was written since is read.</remarks>
internal sealed class Acknowledgements(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    private readonly KeyPages _pages = new(store, timeProvider);
    private readonly Dictionary<string, (Report Report, bool IsLive)> _known = new(StringComparer.Ordinal);
    private ulong _clusterId;
    private long _readUpTo;

    /// <summary>The live proxies whose report does not say so: a report that cannot be read does not say it.</summary>
    /// <param name="revision">The one that takes members out of service.</param>
    /// <param name="sets">Those members' sets.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Acknowledgement> ReadAsync(long revision, IReadOnlyCollection<int> sets, CancellationToken cancellationToken)
    {
        // After a failure all is read again: the store may be another one.
        var since = _readUpTo;
        _readUpTo = 0;
        var found = since == 0 ? null : await _pages.ReadAsync(keys.Proxies, since: since + 1, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (found is null || found.Header.ClusterId != _clusterId || found.Revision < since || Take(found) != found.Count)
        {
            // Or somebody has ended.
            _known.Clear();
            found = await _pages.ReadAsync(keys.Proxies, cancellationToken: cancellationToken).ConfigureAwait(false);
            Take(found);
        }

        (_clusterId, _readUpTo) = (found.Header.ClusterId, found.Revision);

        // What has no lease is no proxy that lives.
        var live = _known.Values.Where(static known => known.IsLive).Select(static known => known.Report).OrderBy(static report => report.Name, StringComparer.Ordinal).ToList();
        return Of(live, revision, found.Revision, sets);
    }

    /// <returns>How many keys are known then.</returns>
    private int Take(KeyListing found)
    {
        foreach (var pair in found.Keys)
        {
            var name = pair.Key.ToStringUtf8()[keys.Proxies.Length..];
            _known[name] = (new Report(name, ProxyRecord.ReadProgress(pair.Value.Memory)), pair.Lease != 0);
        }

        return _known.Count;
    }

    /// <param name="live">The live proxies.</param>
    /// <param name="revision">The one that takes members out of service.</param>
    /// <param name="newest">The store's.</param>
    /// <param name="sets">Those members' sets.</param>
    internal static Acknowledgement Of(IReadOnlyList<Report> live, long revision, long newest, IReadOnlyCollection<int> sets)
    {
        var silenced = live.Where(proxy => IsSilenced(proxy.Progress, revision, newest)).ToList();
        return new Acknowledgement(
            live.Count,
            [.. live.Except(silenced).Select(static proxy => SafeText.Shorten(proxy.Name) + (proxy.Progress is { IsClashing: true } ? " (another proxy reports under this name too)" : string.Empty))],
            [.. silenced.SelectMany(static proxy => proxy.Progress!.Superseded).DistinctBy(static superseded => (superseded.Member, superseded.IsServed))],
            silenced.Max(static proxy => (int?)proxy.Progress!.Unnamed) ?? 0)
        {
            Unserved = sets.Where(set => !live.Any(proxy => proxy.Progress?.MayServe(set) != false)).ToHashSet(),
        };
    }

    /// <summary>What a report says that has silenced what the revision takes out of service; null of one that has not, or does not say so.</summary>
    /// <param name="report">The proxy's.</param>
    /// <param name="revision">The one that takes members out of service.</param>
    /// <param name="newest">The store's revision: what a report says of a later one it says of the store as it was before it was restored from a backup.</param>
    internal static ProxyProgress? Silenced(ReadOnlyMemory<byte> report, long revision, long newest) =>
        ProxyRecord.ReadProgress(report) is { } progress && IsSilenced(progress, revision, newest) ? progress : null;

    /// <summary>Of two proxies under one name the report of one says nothing of the other.</summary>
    private static bool IsSilenced(ProxyProgress? progress, long revision, long newest) =>
        progress is { IsClashing: false } && progress.Silenced >= revision && progress.Silenced <= newest;

    /// <summary>A live proxy's report.</summary>
    /// <param name="Name">The proxy's name, as it was found.</param>
    /// <param name="Progress">What it says; null where it cannot be read.</param>
    internal sealed record Report(string Name, ProxyProgress? Progress);
}
