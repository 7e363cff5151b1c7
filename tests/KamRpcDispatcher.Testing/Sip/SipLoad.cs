using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Testing;

/// <summary>Calls through a proxy, made by SIPp: whole dialogs, held for a time, ended along the recorded route.</summary>
public static partial class SipLoad
{
    private const int MostPerSecond = 100;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>A call without an answer is retransmitted for about this long before it has failed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <exception cref="ArgumentOutOfRangeException">More than 100 calls/s, or starting calls for more than 20 s.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the calls were given up.</exception>
    public static async Task<SipLoadResult> RunAsync(
        IPEndPoint proxy, int calls, int perSecond, TimeSpan callDuration, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perSecond, MostPerSecond);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(TimeSpan.FromSeconds((double)calls / perSecond), Longest, nameof(calls));
        using var folder = new TemporaryFolder();
        var (statistics, errors) = (folder.File("statistics.csv"), folder.File("errors.log"));
        var time = TimeSpan.FromSeconds((double)calls / perSecond) + callDuration + Patience;
        string[] arguments =
        [
            "-sf", Scenario.WriteTo(folder, "uac.xml"), "-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin",
            "-p", Text(RealServers.FreeUdpPort()), "-m", Text(calls), "-r", Text(perSecond), "-l", Text(calls),
            "-d", Text((int)callDuration.TotalMilliseconds), "-timeout", $"{time.TotalSeconds:0}s",
            "-trace_stat", "-stf", statistics, "-fd", "1", "-trace_err", "-error_file", errors, proxy.ToString(),
        ];
        await using var sipp = ServerProcess.Start("sipp", arguments);
        await sipp.Gone.WaitAsync(time + Patience, cancellationToken).ConfigureAwait(false);
        return File.Exists(statistics)
            ? Result(calls, await File.ReadAllLinesAsync(statistics, cancellationToken).ConfigureAwait(false), Refusals(errors))
            : throw new InvalidOperationException($"sipp ended with {await sipp.Exited.ConfigureAwait(false)}:\n{sipp.Output}");
    }

    private static SipLoadResult Result(int calls, string[] statistics, Dictionary<int, int> refusals)
    {
        var last = statistics[0].Split(';').Zip(statistics[^1].Split(';')).DistinctBy(column => column.First)
            .ToDictionary(column => column.First, column => column.Second);
        var successful = Total("SuccessfulCall(C)");
        return new SipLoadResult(successful, calls - successful, refusals, Total("Retransmissions(C)"));

        int Total(string column) => int.Parse(last[column], CultureInfo.InvariantCulture);
    }

    private static Dictionary<int, int> Refusals(string errors) => !File.Exists(errors) ? [] : Received().Matches(File.ReadAllText(errors))
        .CountBy(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).ToDictionary();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("received 'SIP/2.0 ([3-6][0-9]{2})")]
    private static partial Regex Received();
}
