namespace KamailioRpc.Commands;

/// <summary>How fast a destination answers Kamailio's pings, in milliseconds.</summary>
/// <param name="Average">AVG.</param>
/// <param name="StandardDeviation">STD.</param>
/// <param name="Estimate">EST, a moving average.</param>
/// <param name="Max">MAX.</param>
/// <param name="Timeouts">TIMEOUT: how many were not answered.</param>
public sealed record DestinationLatency(double Average, double StandardDeviation, double Estimate, int Max, int Timeouts);
