using System.Diagnostics.Metrics;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Probe;

using static KamRpcDispatcher.Telemetry.TelemetryMeter;

namespace KamRpcDispatcher.Telemetry;

/// <summary>Where an announcer's metrics come from. Asked at any time, by any thread.</summary>
internal sealed record AnnouncerSources
{
    /// <summary>The members, each with the state that was told last; null before the first probe.</summary>
    public required Func<IEnumerable<(MemberKey Key, MemberState? State)>> Members { get; init; }

    /// <summary>How many of the keys in etcd somebody else has.</summary>
    public required Func<int> Occupied { get; init; }

    /// <summary>Whether etcd can be used.</summary>
    public required Func<bool> IsStoreReachable { get; init; }

    /// <summary>How long ago the lease was renewed; null where there is none.</summary>
    public required Func<TimeSpan?> LeaseAge { get; init; }
}

/// <summary>What an announcer tells monitors.</summary>
internal sealed class AnnouncerMetrics : IDisposable
{
    private static readonly ProbeVerdict[] Verdicts = Enum.GetValues<ProbeVerdict>();

    private readonly TelemetryMeter _meter = new();
    private readonly TimeProvider _timeProvider;
    private readonly long[] _probes = new long[Verdicts.Length];
    private readonly Histogram<double> _times;

    public AnnouncerMetrics(AnnouncerSources sources, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _meter.Gauge("kamrpc_announced_members", "The members of this announcer, by set and state; unknown before the first probe.", () =>
            from member in sources.Members().CountBy(static member => (member.Key.Set, State: NameOf(member.State)))
            select Of(member.Value, new("set", member.Key.Set), new("state", member.Key.State)));
        _meter.Gauge("kamrpc_announced_member_state", "The state of each member of this announcer; always 1.", () =>
            sources.Members().Select(static member => Of(1, new("set", member.Key.Set), new("member", member.Key.Name), new("state", NameOf(member.State)))));
        _meter.Gauge("kamrpc_names_occupied", "Members that are not announced, since somebody else has their names.", () => sources.Occupied());
        _meter.Gauge("kamrpc_etcd_reachable", "Whether etcd can be used.", () => Bit(sources.IsStoreReachable()));
        _meter.Gauge("kamrpc_lease_age_seconds", "How long ago the lease was renewed under which the members stand in etcd.", () => sources.LeaseAge()?.TotalSeconds);
        _meter.Counter("kamrpc_probes_total", "Probes of the servers, by what they came to.", () => Verdicts.Select(verdict =>
            new Measurement<long>(Interlocked.Read(ref _probes[(int)verdict]), new KeyValuePair<string, object?>("result", Name(verdict)))));
        _times = _meter.Durations("kamrpc_probe_seconds", "How long probes took.", 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5);
        ProcessMetrics.AddTo(_meter);
    }

    public Meter Meter => _meter.Meter;

    /// <summary>The probe, counted and timed.</summary>
    public IProbe Metered(IProbe probe) => new MeteredProbe(probe, this);

    public void Dispose() => _meter.Dispose();

    private static string NameOf(MemberState? state) => state is { } told ? MemberStateName.Of(told) : "unknown";

    private static string Name(ProbeVerdict verdict) => verdict switch
    {
        ProbeVerdict.Alive => "alive",
        ProbeVerdict.Leaving => "leaving",
        ProbeVerdict.Dead => "dead",
        _ => "unknown",
    };

    /// <summary>Whoever made the inner probe ends it.</summary>
    private sealed class MeteredProbe(IProbe inner, AnnouncerMetrics metrics) : IProbe
    {
        public TimeSpan Timeout => inner.Timeout;

        public async Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
        {
            var begun = metrics._timeProvider.GetTimestamp();
            var outcome = await inner.ProbeAsync(cancellationToken).ConfigureAwait(false);
            metrics._times.Record(metrics._timeProvider.GetElapsedTime(begun).TotalSeconds);
            Interlocked.Increment(ref metrics._probes[(int)outcome.Verdict]);
            return outcome;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
