using System.Diagnostics.Metrics;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Telemetry;

/// <summary>What became of a change that was to be made in Kamailio.</summary>
internal enum PushResult
{
    /// <summary>Kamailio has taken it.</summary>
    Done,

    /// <summary>Kamailio refuses it.</summary>
    Refused,

    /// <summary>Kamailio takes no structural change for now.</summary>
    Busy,

    /// <summary>It was not answered, or not as it should be: nobody knows.</summary>
    Failed,
}

/// <summary>What was sent.</summary>
internal enum PushKind
{
    Add,
    Remove,
    Enable,
    Disable,

    /// <summary>Many at once: the list was loaded.</summary>
    Reload,
}

/// <summary>Counts and times what is pushed into Kamailio. Costs a few additions where nobody exports metrics. Thread-safe.</summary>
internal sealed class PushMetrics
{
    private static readonly string[] Kinds = ["add", "remove", "enable", "disable", "reload"];
    private static readonly PushResult[] Results = Enum.GetValues<PushResult>();

    private readonly long[] _counts = new long[Kinds.Length * Results.Length];
    private readonly Histogram<double> _calls;
    private readonly Histogram<double> _pushed;
    private readonly Histogram<double> _inForce;
    private readonly Histogram<double> _grace;
    private long _cycles;
    private long _reads;
    private long _failedReads;

    public PushMetrics(TelemetryMeter meter)
    {
        double[] calls = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1];
        double[] changes = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
        meter.Counter("kamrpc_pushes_total", "Changes sent to Kamailio, by their kind and what became of them.", Counted);
        meter.Counter("kamrpc_cycles_total", "Cycles in which Kamailio's list was read and compared with the members.", () => Interlocked.Read(ref _cycles));
        meter.Counter("kamrpc_list_reads_total", "Readings of Kamailio's list, by what became of them.", () => [Read("done", ref _reads), Read("failed", ref _failedReads)]);
        _calls = meter.Durations("kamrpc_push_seconds", "How long Kamailio takes to answer a change, by its kind.", calls);
        _pushed = meter.Durations("kamrpc_change_pushed_seconds", "From hearing of a change of members, intents or splits to the first push after it.", changes);
        _inForce = meter.Durations("kamrpc_change_in_force_seconds", "From hearing of a change that led to a push to reading back that all of it is in force.", changes);
        _grace = meter.Durations("kamrpc_grace_wait_seconds", "How long grace periods took whose end was observed.", changes);
    }

    public static PushKind KindOf(Change change) => change switch
    {
        AddDestination => PushKind.Add,
        RemoveDestination => PushKind.Remove,
        EnableDestination => PushKind.Enable,
        _ => PushKind.Disable,
    };

    public void Pushed(PushKind kind, PushResult result, TimeSpan elapsed)
    {
        Interlocked.Increment(ref _counts[((int)kind * Results.Length) + (int)result]);
        _calls.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("kind", Kinds[(int)kind]));
    }

    public void ListRead(bool isDone) => Interlocked.Increment(ref isDone ? ref _reads : ref _failedReads);

    public void CycleDone() => Interlocked.Increment(ref _cycles);

    public void ChangePushed(TimeSpan since) => _pushed.Record(since.TotalSeconds);

    public void ChangeInForce(TimeSpan since) => _inForce.Record(since.TotalSeconds);

    public void GraceEnded(TimeSpan length) => _grace.Record(length.TotalSeconds);

    private static Measurement<long> Read(string result, ref long count) => new(Interlocked.Read(ref count), new KeyValuePair<string, object?>("result", result));

    private IEnumerable<Measurement<long>> Counted() =>
        from kind in Enumerable.Range(0, Kinds.Length)
        from result in Results
        select new Measurement<long>(
            Interlocked.Read(ref _counts[((int)kind * Results.Length) + (int)result]),
            new KeyValuePair<string, object?>("kind", Kinds[(int)kind]),
            new KeyValuePair<string, object?>("result", result switch { PushResult.Done => "done", PushResult.Refused => "refused", PushResult.Busy => "busy", _ => "failed" }));
}
