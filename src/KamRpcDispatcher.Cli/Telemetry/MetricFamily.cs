using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>One metric in Prometheus' text format: its head, and a line for each of its values.</summary>
internal sealed class MetricFamily
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _lines = new();
    private readonly Dictionary<string, long[]> _buckets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _sums = new(StringComparer.Ordinal);
    private readonly double[]? _ends;

    public MetricFamily(Instrument instrument)
    {
        Name = instrument.Name;
        Help = instrument.Description ?? string.Empty;
        _ends = instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } ends } ? [.. ends] : null;
        Type = _ends is not null ? "histogram" : instrument.GetType().Name.Contains("Counter", StringComparison.Ordinal) ? "counter" : "gauge";
    }

    public string Name { get; }

    public string Type { get; }

    public string Help { get; }

    /// <summary>What was read the last time is over: what is not there any more is not told.</summary>
    public void Begin()
    {
        if (_ends is null)
        {
            _lines.Clear();
        }
    }

    /// <summary>Takes a value: of a state or a counter for this collection, of a histogram for good.</summary>
    public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        if (_ends is null)
        {
            Append(_lines, Name, Labels(labels), value);
            return;
        }

        var key = Labels(labels);
        lock (_gate)
        {
            if (!_buckets.TryGetValue(key, out var counts))
            {
                _buckets[key] = counts = new long[_ends.Length + 1];
            }

            var index = Array.BinarySearch(_ends, value);
            counts[index < 0 ? ~index : index]++;
            _sums[key] = _sums.GetValueOrDefault(key) + value;
        }
    }

    public void Write(StringBuilder text)
    {
        text.Append("# HELP ").Append(Name).Append(' ').Append(Help.Replace("\\", "\\\\", StringComparison.Ordinal).ReplaceLineEndings("\\n")).Append('\n');
        text.Append("# TYPE ").Append(Name).Append(' ').Append(Type).Append('\n');
        if (_ends is null)
        {
            text.Append(_lines);
            return;
        }

        lock (_gate)
        {
            foreach (var (labels, counts) in _buckets)
            {
                var sum = 0L;
                for (var index = 0; index < counts.Length; index++)
                {
                    sum += counts[index];
                    var end = index < _ends.Length ? Number(_ends[index]) : "+Inf";
                    Append(text, Name + "_bucket", labels.Length == 0 ? $"le=\"{end}\"" : $"{labels},le=\"{end}\"", sum);
                }

                Append(text, Name + "_sum", labels, _sums[labels]);
                Append(text, Name + "_count", labels, sum);
            }
        }
    }

    private static void Append(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        if (labels.IsEmpty)
        {
            return string.Empty;
        }

        var text = new StringBuilder();
        foreach (var (name, value) in labels)
        {
            text.Append(text.Length > 0 ? "," : string.Empty).Append(name).Append("=\"");
            foreach (var c in Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty)
            {
                _ = c switch
                {
                    '\\' => text.Append(@"\\"),
                    '"' => text.Append("\\\""),
                    '\n' => text.Append(@"\n"),
                    _ => text.Append(c),
                };
            }

            text.Append('"');
        }

        return text.ToString();
    }
}
