using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>
/// Decides when the proxy's status is written: what somebody waits for at once, how far it has come likewise where little happens, else once a second,
/// as other news; and when there is none in a rhythm by which everybody can tell how old it is.
/// </summary>
/// <param name="report">Where it is written.</param>
/// <param name="contact">Whether Kamailio answers.</param>
/// <param name="loop">What the loop that tells the status is at.</param>
/// <param name="isAlive">Whether the loop that tells the status still comes round: what it said last does not stay true by being repeated.</param>
/// <param name="version">The daemon's.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="intent">What operators wish of the proxy itself; null for nobody who knows.</param>
/// <param name="beside">Adds what others than the loop know, which is no news; null for nothing.</param>
/// <param name="isAwaited">Whether somebody waits for a revision after the one and up to the other; null for nobody.</param>
internal sealed class PacedReport(IProxyReport report, ContactWatch contact, LoopWatch loop, Func<bool> isAlive, string version, TimeProvider timeProvider, Func<ProxyIntent>? intent = null, Func<ProxyStatus, ProxyStatus>? beside = null, Func<long, long, bool>? isAwaited = null) : IProxyReport
{
    /// <summary>The least time between two writings of what nobody waits for: hundreds of proxies write to one etcd, and a list may flap.</summary>
    internal static readonly TimeSpan LeastInterval = TimeSpan.FromSeconds(1);

    /// <summary>So many writings may follow each other at once, where there were none for as many intervals.</summary>
    internal const int MostAtOnce = 4;

    /// <summary>How often it is polled for news, which is what is there at two polls: what is just being changed is as wished a moment later.</summary>
    internal static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long the first status may wait for whether Kamailio answers, which is told first.</summary>
    private static readonly TimeSpan ContactPatience = 2 * ContactWatch.Patience;

    private readonly Lock _gate = new();
    private ProxyStatus? _latest;
    private ProxyStatus? _written;
    private long _writtenAt;
    private long _toldAt;
    private long? _begun;
    private bool _hasNews;
    private double _atOnce = MostAtOnce;
    private long _refilledAt = timeProvider.GetTimestamp();

    /// <summary>Another length after each writing: proxies that had the same news at the same moment do not write at the same moment again.</summary>
    private TimeSpan _interval = LeastInterval;

    public void Report(ProxyStatus status)
    {
        lock (_gate)
        {
            _latest = status;
            _toldAt = timeProvider.GetTimestamp();
            _begun ??= timeProvider.GetTimestamp();
            Write(isPoll: false);
        }
    }

    /// <summary>Somebody may have begun to wait for what has not been written yet.</summary>
    public void Heed()
    {
        lock (_gate)
        {
            Write(isPoll: false);
        }
    }

    /// <summary>Writes what has waited, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(PollInterval, timeProvider, cancellationToken).ConfigureAwait(false);
            Poll();
        }
    }

    /// <summary>Writes what has waited, if its time has come.</summary>
    internal void Poll()
    {
        lock (_gate)
        {
            Write(isPoll: true);
        }
    }

    /// <summary>The status as it would be written now, and how long ago the loop told it; null before it has told any.</summary>
    public (ProxyStatus Status, TimeSpan Age)? Read()
    {
        lock (_gate)
        {
            return _latest is null ? null : (AsOfNow(_latest), timeProvider.GetElapsedTime(_toldAt));
        }
    }

    private ProxyStatus AsOfNow(ProxyStatus status) =>
        (beside?.Invoke(status) ?? status) with { Contact = contact.Current, Version = version, Loop = loop.Current, WrittenAt = timeProvider.GetUtcNow(), Intent = intent?.Invoke() };

    private void Write(bool isPoll)
    {
        if (_latest is null || (contact.Current is null && timeProvider.GetElapsedTime(_begun!.Value) < ContactPatience))
        {
            return;
        }

        var status = AsOfNow(_latest);
        Refill();
        if (_written is null || ReportNews.IsUrgent(_written, status) || IsProgressToTell(_written, status) || (isPoll && IsDue(_written, status)))
        {
            _written = status;
            _writtenAt = timeProvider.GetTimestamp();
            _hasNews = false;
            _atOnce = Math.Max(0, _atOnce - 1);
            _interval = LeastInterval * (1 + (Random.Shared.NextDouble() / 4));
            report.Report(status);
        }
    }

    private void Refill()
    {
        var now = timeProvider.GetTimestamp();
        _atOnce = Math.Min(MostAtOnce, _atOnce + (timeProvider.GetElapsedTime(_refilledAt, now) / _interval));
        _refilledAt = now;
    }

    private bool IsProgressToTell(ProxyStatus written, ProxyStatus status) =>
        ReportNews.IsProgress(written, status) && (_atOnce >= 1 || (isAwaited is not null && ReportNews.IsAwaited(written, status, isAwaited)));

    private bool IsDue(ProxyStatus written, ProxyStatus status)
    {
        var passed = timeProvider.GetElapsedTime(_writtenAt);
        var hadNews = _hasNews;
        _hasNews = ReportNews.IsNew(written, status);
        return (hadNews && _hasNews && passed >= LeastInterval) || (passed >= ProxyStatus.WrittenEvery && isAlive());
    }
}
