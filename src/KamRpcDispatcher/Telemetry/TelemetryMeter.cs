using System.Diagnostics.Metrics;

namespace KamRpcDispatcher.Telemetry;

/// <summary>The metrics of one daemon. What is a state is read when somebody asks for it; nothing is kept for whoever may ask.</summary>
internal sealed class TelemetryMeter : IDisposable
{
    /// <summary>By which whoever exports metrics finds them.</summary>
    public const string Name = "KamRpcDispatcher";

    private const string Seconds = "s";

    public Meter Meter { get; } = new(Name);

    /// <summary>A state with one value; none where it is not known.</summary>
    public void Gauge(string name, string description, Func<double?> read) => Gauge(name, description, () => read() is { } value ? [new Measurement<double>(value)] : []);

    /// <summary>A state with a value for each of several labels.</summary>
    public void Gauge(string name, string description, Func<IEnumerable<Measurement<double>>> read) => Meter.CreateObservableGauge(name, read, null, description);

    /// <summary>Something that is counted by somebody else, and never gets less while the process lives.</summary>
    public void Counter(string name, string description, Func<IEnumerable<Measurement<long>>> read) => Meter.CreateObservableCounter(name, read, null, description);

    /// <summary>The same with one value.</summary>
    public void Counter(string name, string description, Func<double> read) => Meter.CreateObservableCounter(name, read, null, description);

    /// <summary>How long something takes, each time.</summary>
    /// <param name="name">Its name, which ends with the unit.</param>
    /// <param name="description">What it is.</param>
    /// <param name="buckets">The upper ends of its buckets, in seconds.</param>
    public Histogram<double> Durations(string name, string description, params double[] buckets) =>
        Meter.CreateHistogram(name, Seconds, description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });

    /// <summary>One value with its labels.</summary>
    public static Measurement<double> Of(double value, params ReadOnlySpan<KeyValuePair<string, object?>> labels) => new(value, labels);

    /// <summary>A yes or no.</summary>
    public static double Bit(bool value) => value ? 1 : 0;

    public void Dispose() => Meter.Dispose();
}
