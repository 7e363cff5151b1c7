using System.Diagnostics;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>Times measured in one run, printed with the test's result.</summary>
internal sealed class Figures(string what)
{
    private readonly List<double> _milliseconds = [];

    public double Median => At(0.5);

    public void Add(long from, long to) => _milliseconds.Add(Stopwatch.GetElapsedTime(from, to).TotalMilliseconds);

    public void Print() =>
        TestContext.Out.WriteLine($"{what}: p50 {Median:0.0} ms, p90 {At(0.9):0.0} ms, max {At(1):0.0} ms of {_milliseconds.Count}");

    private double At(double quantile)
    {
        var sorted = _milliseconds.Order().ToList();
        return sorted[(int)Math.Round((sorted.Count - 1) * quantile)];
    }
}
