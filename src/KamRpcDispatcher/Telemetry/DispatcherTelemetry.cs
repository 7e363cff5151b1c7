using System.Diagnostics.Metrics;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Telemetry;

/// <summary>Where a dispatcher's metrics come from. Asked at any time, by any thread; none of them asks Kamailio or etcd.</summary>
internal sealed record TelemetrySources
{
    /// <summary>The status as of now, and how long ago the loop told it; null before it has told any.</summary>
    public required Func<(ProxyStatus Status, TimeSpan Age)?> Status { get; init; }

    /// <summary>The newest membership; null before the store has been read.</summary>
    public required Func<Membership?> Membership { get; init; }

    /// <summary>Since when the store cannot be followed; null where it can.</summary>
    public required Func<StoreOutage?> Away { get; init; }

    /// <summary>How long ago the store was heard; null for never.</summary>
    public required Func<TimeSpan?> StoreHeard { get; init; }

    /// <summary>Whether etcd is used.</summary>
    public bool UsesEtcd { get; init; } = true;

    /// <summary>Where members come from, and which of that is away.</summary>
    public Func<IReadOnlyList<(string Name, StoreOutage? Away)>> Origins { get; init; } = static () => [];

    /// <summary>How long ago Kamailio answered; null for never.</summary>
    public required Func<TimeSpan?> KamailioAnswered { get; init; }

    /// <summary>How long ago the lease of the report was renewed; null where there is none.</summary>
    public required Func<TimeSpan?> LeaseAge { get; init; }

    /// <summary>The grace periods so far.</summary>
    public required Func<GraceStatus> Grace { get; init; }
}

/// <summary>What a dispatcher tells monitors: the meter, what is counted on the way of a change, and what the last cycle saw.</summary>
internal sealed class DispatcherTelemetry : IDisposable
{
    private readonly TelemetryMeter _meter = new();
    private readonly TimeProvider _timeProvider;
    private readonly string _cluster;
    private DispatcherMetrics? _metrics;

    public DispatcherTelemetry(string cluster, TimeProvider timeProvider)
    {
        (_cluster, _timeProvider) = (cluster, timeProvider);
        Pushes = new PushMetrics(_meter);
        Latency = new ChangeLatency(Pushes, timeProvider);
        ProcessMetrics.AddTo(_meter);
    }

    public Meter Meter => _meter.Meter;

    public PushMetrics Pushes { get; }

    public ChangeLatency Latency { get; }

    /// <summary>The dispatcher runs: what it knows can be asked from now on.</summary>
    public void Begin(TelemetrySources sources) => Volatile.Write(ref _metrics, new DispatcherMetrics(_meter, sources, _cluster, _timeProvider));

    /// <summary>Takes note of a cycle, before it changes anything. Told by the loop.</summary>
    /// <param name="cycle">What it saw.</param>
    /// <param name="lost">How many destinations of others a change of ours took away, which are not back.</param>
    public void Observe(CycleSituation cycle, int lost)
    {
        Pushes.CycleDone();
        Latency.Planned(cycle.Membership.Revision, cycle.Plan.IsInForce);
        Volatile.Read(ref _metrics)?.Observe(cycle, lost);
    }

    /// <summary>Whether calls go to an address.</summary>
    public AddressCheck Check(int set, string address) => Volatile.Read(ref _metrics)?.Check(set, address) ?? AddressCheck.NotRead;

    public void Dispose() => _meter.Dispose();
}
