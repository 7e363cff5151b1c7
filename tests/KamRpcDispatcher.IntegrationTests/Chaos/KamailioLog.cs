using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>What Kamailio's script logs of destinations that fail.</summary>
internal static class KamailioLog
{
    /// <summary>Lines that tell that a destination did not answer or could not be reached, or that there was none: a call may have been saved by failover.</summary>
    public static IReadOnlyList<string> Failovers(KamailioServer kamailio) =>
        [.. kamailio.Output.Split('\n').Where(static line => line.Contains("<script>: kamrpc:", StringComparison.Ordinal))];

    /// <summary>What went wrong first: running out of shared memory ends in a crash too, and is none of the table's.</summary>
    public static string FirstErrors(KamailioServer kamailio) =>
        string.Join('\n', kamailio.Output.Split('\n').Where(static line => line.Contains("ERROR", StringComparison.Ordinal)).Take(10));
}
