using System.Diagnostics.Metrics;
using System.Text;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>All metrics of a daemon in Prometheus' text format.</summary>
/// <remarks>
/// OpenTelemetry's own exporter keeps a place for each set of labels that it has ever seen, 2,000 of a metric by default, and tells all above them as one: members
/// that come under new names day by day would fill it, and new ones not be told. Here nothing is kept of what is not there any more.
/// </remarks>
internal sealed class MetricsText : IDisposable
{
    /// <summary>Who asks more often gets what was made for the one before.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(250);

    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly TimeProvider _timeProvider;
    private readonly Lock _gate = new();
    private byte[]? _made;
    private long _madeAt;

    /// <summary>From here on durations are counted.</summary>
    public MetricsText(Meter meter, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter))
            {
                var family = new MetricFamily(instrument);
                lock (_families)
                {
                    _families[instrument.Name] = family;
                }

                listener.EnableMeasurementEvents(instrument, family);
            }
        };
        _listener.SetMeasurementEventCallback<double>(static (_, value, labels, family) => ((MetricFamily)family!).Take(value, labels));
        _listener.SetMeasurementEventCallback<long>(static (_, value, labels, family) => ((MetricFamily)family!).Take(value, labels));
        _listener.Start();
    }

    public byte[] Read()
    {
        lock (_gate)
        {
            if (_made is null || _timeProvider.GetElapsedTime(_madeAt) >= Freshness)
            {
                (_made, _madeAt) = (Make(), _timeProvider.GetTimestamp());
            }

            return _made;
        }
    }

    public void Dispose() => _listener.Dispose();

    private byte[] Make()
    {
        MetricFamily[] families;
        lock (_families)
        {
            families = [.. _families.Values];
        }

        foreach (var family in families)
        {
            family.Begin();
        }

        try
        {
            _listener.RecordObservableInstruments();
        }
        catch (AggregateException)
        {
            // What one of them could not tell is not told; the others are.
        }

        var text = new StringBuilder();
        foreach (var family in families)
        {
            family.Write(text);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
