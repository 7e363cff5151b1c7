using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>Whether a proxy still writes its report.</summary>
internal enum ReportFreshness
{
    /// <summary>A report of a version that does not say when it was written.</summary>
    Unsaid,

    /// <summary>Written within its rhythm.</summary>
    Fresh,

    /// <summary>Old, or of the future, by this host's clock: either that is so, or one of the two clocks is off. It has to be watched for a while.</summary>
    Doubtful,

    /// <summary>Not written for longer than its rhythm.</summary>
    Stale,
}

/// <summary>How old a report is.</summary>
/// <param name="Freshness">Whether it is still written.</param>
/// <param name="Age">Since when it stands there, at least; null where that is not known.</param>
/// <param name="ClockOffset">How far the proxy's clock is ahead of this one's (behind: negative), where that is known and much; else null.</param>
internal readonly record struct ReportAge(ReportFreshness Freshness, TimeSpan? Age, TimeSpan? ClockOffset = null);

/// <summary>
/// Tells reports that are not written any more. A report has the time of its writing by the clock of its proxy, which need not be this one's.
/// So what looks old by the clock is believed only when the store shows no newer one for longer than the rhythm of reports; one that comes
/// meanwhile tells how far the clock is off.
/// </summary>
internal sealed class ReportAges(TimeProvider timeProvider)
{
    /// <summary>How long a report may stand: a slow etcd, and a busy proxy, may take their time.</summary>
    public static readonly TimeSpan Limit = ProxyStatus.WrittenEvery + TimeSpan.FromSeconds(5);

    /// <summary>By so much clocks may differ that are kept in step.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Sighting> _sightings = new(StringComparer.Ordinal);
    private readonly FollowAges _follow = new(timeProvider);

    /// <summary>The store was read, with all that there is.</summary>
    public void Observe(ClusterView view)
    {
        _follow.Observe(view);
        foreach (var proxy in view.Proxies)
        {
            var isKnown = _sightings.TryGetValue(proxy.Name, out var before);
            if (!isKnown || before.Revision != proxy.ModRevision)
            {
                _sightings[proxy.Name] = new Sighting(proxy.ModRevision, timeProvider.GetTimestamp(), isKnown, isKnown ? Offset(proxy) : null);
            }
        }
    }

    /// <summary>What was seen so far counts no more.</summary>
    public void Forget()
    {
        _sightings.Clear();
        _follow.Forget();
    }

    /// <summary>How far a proxy is behind the deletions of members.</summary>
    public FollowLag LagOf(ReportingProxy proxy) => _follow.Of(proxy.Name);

    /// <summary>Whether some report has to be watched for a while before it can be told whether it is old, or does not follow.</summary>
    public bool HasDoubt(ClusterView view) => view.Proxies.Any(proxy => Of(proxy).Freshness == ReportFreshness.Doubtful || LagOf(proxy) is { Records: > 0, IsLate: false });

    public ReportAge Of(ReportingProxy proxy)
    {
        if (proxy.Status?.WrittenAt is not { } written || !_sightings.TryGetValue(proxy.Name, out var sighting))
        {
            return new ReportAge(ReportFreshness.Unsaid, null);
        }

        var watched = timeProvider.GetElapsedTime(sighting.Since);
        if (sighting.HasCome)
        {
            return new ReportAge(watched > Limit ? ReportFreshness.Stale : ReportFreshness.Fresh, watched, IsMuch(sighting.Offset) ? sighting.Offset : null);
        }

        var apparent = timeProvider.GetUtcNow() - written;
        if (apparent >= -Tolerance && apparent <= Limit)
        {
            return new ReportAge(ReportFreshness.Fresh, apparent > TimeSpan.Zero ? apparent : TimeSpan.Zero);
        }

        // How long it stood before it was first seen nobody here knows.
        return new ReportAge(watched > Limit ? ReportFreshness.Stale : ReportFreshness.Doubtful, watched > Limit ? (apparent > watched ? apparent : watched) : null);
    }

    private static bool IsMuch(TimeSpan? offset) => offset is { } far && far.Duration() > Tolerance;

    /// <summary>What has just come was written just now.</summary>
    private TimeSpan? Offset(ReportingProxy proxy) => proxy.Status?.WrittenAt - timeProvider.GetUtcNow();

    /// <param name="Revision">The store's, of the report.</param>
    /// <param name="Since">When that was first seen.</param>
    /// <param name="HasCome">Whether it was seen to come, and did not stand there already.</param>
    /// <param name="Offset">Of the proxy's clock, then.</param>
    private readonly record struct Sighting(long Revision, long Since, bool HasCome, TimeSpan? Offset);
}
