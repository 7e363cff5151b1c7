using System.Globalization;
using System.Text.RegularExpressions;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Sites;

/// <summary>What became of the calls of a phase.</summary>
/// <param name="Made">All that were begun.</param>
/// <param name="Failed">The Call-IDs of those that did not end as calls do.</param>
/// <param name="Repeated">Requests that were sent again for want of an answer.</param>
/// <param name="Errors">The caller's own words.</param>
internal sealed record SiteResult(int Made, IReadOnlyList<string> Failed, int Repeated, string Errors);

/// <summary>Calls of one machine, whole dialogs of a second each, until they are ended.</summary>
internal sealed partial class SiteCalls : IAsyncDisposable
{
    public const int PerSecond = 20;

    private readonly PrivateMachine _machine;
    private readonly ServerProcess _sipp;
    private readonly string _files;

    private SiteCalls(PrivateMachine machine, ServerProcess sipp, string files) => (_machine, _sipp, _files) = (machine, sipp, files);

    /// <param name="machine">Who calls, from 10.0.0.9.</param>
    /// <param name="scenario">SIPp's.</param>
    /// <param name="called">Where the calls go.</param>
    /// <param name="phase">Another one has other files and another port.</param>
    public static SiteCalls Start(PrivateMachine machine, string scenario, string called, int phase)
    {
        var files = string.Create(CultureInfo.InvariantCulture, $"/run/calls-{phase}");

        // Whoever calls does not call less because others get no answer (-l). Of a request without an answer it has had enough after 11 to 16 s: the address is elsewhere by then.
        return new SiteCalls(
            machine,
            machine.Start(string.Create(
                CultureInfo.InvariantCulture,
                $"echo $$ >{files}.pid; exec sipp -sf {scenario} -i 10.0.0.9 -mi 10.0.0.9 -p {5070 + phase} -nostdin -s +4930123456 -key contact_host 10.0.0.9 -r {PerSecond} -d 1000 -m 5000 -l 5000 -max_non_invite_retrans 5 -trace_stat -stf {files}.csv -fd 1 -trace_err -error_file {files}.log {called} 2>&1")),
            files);
    }

    /// <summary>Begins no more, and waits for those that are up.</summary>
    public async Task<SiteResult> EndAsync()
    {
        await _machine.RunAsync($"kill -USR1 $(cat {_files}.pid)");
        await _sipp.Gone.WaitAsync(Fleet.Deadline);
        var lines = (await _machine.RunAsync($"cat {_files}.csv")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var last = lines[0].Split(';').Zip(lines[^1].Split(';')).DistinctBy(static column => column.First).ToDictionary(static column => column.First, static column => column.Second);
        var errors = await _machine.RunAsync($"cat {_files}.log 2>/dev/null || :");
        string[] failed = [.. Aborted().Matches(errors).Select(static match => match.Groups[1].Value).Distinct()];
        var (made, successful) = (Total("TotalCallCreated"), Total("SuccessfulCall(C)"));
        Assert.That(failed, Has.Length.EqualTo(made - successful), $"each that failed is named:\n{errors}\n{_sipp.Output}");
        return new SiteResult(made, failed, Total("Retransmissions(C)"), errors);

        int Total(string column) => int.Parse(last[column], CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync() => _sipp.DisposeAsync();

    [GeneratedRegex("Aborting call on .*?Call-I[dD] '([^']+)'")]
    private static partial Regex Aborted();
}
