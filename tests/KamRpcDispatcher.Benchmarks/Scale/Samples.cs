using System.Globalization;

namespace KamRpcDispatcher.Benchmarks.Scale;

/// <summary>Times of one kind, in milliseconds.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    public void Add(TimeSpan time) => _values.Add(time.TotalMilliseconds);

    public double At(double share) => _values.Order().ElementAt(Math.Min(_values.Count - 1, (int)(_values.Count * share)));

    public double First => _values[0];

    public double Last => _values[^1];

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"p50 {At(0.5):0.0} ms, p90 {At(0.9):0.0} ms, p99 {At(0.99):0.0} ms of {_values.Count}");
}
