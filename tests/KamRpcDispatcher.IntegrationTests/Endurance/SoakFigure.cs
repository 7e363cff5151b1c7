using System.Globalization;

namespace KamRpcDispatcher.IntegrationTests.Endurance;

/// <summary>Something that is not to grow with time, read over and over.</summary>
/// <param name="name">What it is.</param>
/// <param name="unit">What it is counted in.</param>
internal sealed class SoakFigure(string name, string unit)
{
    private readonly List<(TimeSpan At, double Value)> _readings = [];

    /// <summary>Readings but for those of the first third, in which caches fill and code is compiled.</summary>
    private List<(TimeSpan At, double Value)> Warm => _readings[(_readings.Count / 3)..];

    public void Read(TimeSpan at, double value) => _readings.Add((at, value));

    /// <summary>How much it grows in an hour, by the line that is nearest to all warm readings.</summary>
    public double PerHour
    {
        get
        {
            var warm = Warm;
            var (time, value) = (warm.Average(static reading => reading.At.TotalHours), warm.Average(static reading => reading.Value));
            var spread = warm.Sum(reading => Math.Pow(reading.At.TotalHours - time, 2));
            return spread == 0 ? 0 : warm.Sum(reading => (reading.At.TotalHours - time) * (reading.Value - value)) / spread;
        }
    }

    /// <summary>By how much the median of the last third is above that of the one before.</summary>
    public double Growth => Median(_readings[(2 * _readings.Count / 3)..]) - Median(_readings[(_readings.Count / 3)..(2 * _readings.Count / 3)]);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-28} {_readings[0].Value,9:0.0} first, {Warm.Min(static reading => reading.Value),9:0.0} to {Warm.Max(static reading => reading.Value),9:0.0} {unit} warm, slope {PerHour:+0.0;-0.0;0.0} {unit} an hour, last third above the one before {Growth:+0.0;-0.0;0.0}");

    private static double Median(List<(TimeSpan At, double Value)> readings) => readings.Select(static reading => reading.Value).Order().ElementAt(readings.Count / 2);
}
