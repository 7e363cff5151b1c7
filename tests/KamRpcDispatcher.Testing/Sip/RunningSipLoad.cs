using System.Globalization;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Testing;

/// <summary>A SIPp that makes calls until all are made or the test has enough.</summary>
public sealed partial class RunningSipLoad : IAsyncDisposable
{
    /// <summary>A call without an answer is retransmitted for about this long before it has failed.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private const int MostErrors = 4000;

    private readonly ServerProcess _sipp;
    private readonly int _calls;
    private readonly TimeSpan _time;
    private readonly TemporaryFolder _folder;
    private readonly string _statistics;
    private readonly string _errors;
    private bool _cutShort;

    internal RunningSipLoad(ServerProcess sipp, int calls, TimeSpan time, TemporaryFolder folder, string statistics, string errors)
    {
        _sipp = sipp;
        _calls = calls;
        _time = time;
        _folder = folder;
        _statistics = statistics;
        _errors = errors;
    }

    public bool IsRunning => !_sipp.Exited.IsCompleted;

    /// <summary>Whether it made the call: SIPp's Call-IDs are "number-process@address".</summary>
    public bool Made(string callId) => callId.Contains(string.Create(CultureInfo.InvariantCulture, $"-{_sipp.Pid}@"), StringComparison.Ordinal);

    /// <summary>Starts no more calls, and waits until those that are up have ended.</summary>
    public Task<SipLoadResult> FinishAsync(CancellationToken cancellationToken = default)
    {
        _cutShort = true;
        _sipp.Signal(UnixSignals.User1);
        return EndAsync(cancellationToken);
    }

    /// <summary>Waits until all calls are made and have ended.</summary>
    public async Task<SipLoadResult> EndAsync(CancellationToken cancellationToken = default)
    {
        await _sipp.Gone.WaitAsync(_time + Patience, cancellationToken).ConfigureAwait(false);
        return File.Exists(_statistics)
            ? Result(await File.ReadAllLinesAsync(_statistics, cancellationToken).ConfigureAwait(false))
            : throw new InvalidOperationException($"sipp ended with {await _sipp.Exited.ConfigureAwait(false)}:\n{_sipp.Output}");
    }

    /// <summary>Ends it at once, with the calls that are up: they count as failed. The figures are those of the last second.</summary>
    public async Task<SipLoadResult> AbandonAsync()
    {
        _cutShort = true;
        _sipp.Kill();
        return await EndAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _sipp.DisposeAsync().ConfigureAwait(false);
        _folder.Dispose();
    }

    private SipLoadResult Result(string[] statistics)
    {
        var last = statistics[0].Split(';').Zip(statistics[^1].Split(';')).DistinctBy(static column => column.First)
            .ToDictionary(static column => column.First, static column => column.Second);
        var successful = Total("SuccessfulCall(C)");

        // Not SIPp's count of failed calls: one that it gave up at its own end is in neither of its counters.
        var due = _cutShort ? Total("TotalCallCreated") : _calls;
        var errors = File.Exists(_errors) ? File.ReadAllText(_errors) : "";
        return new SipLoadResult(successful, due - successful, Refusals(errors), Total("Retransmissions(C)"))
        {
            Errors = errors[..Math.Min(errors.Length, MostErrors)],
        };

        int Total(string column) => int.Parse(last[column], CultureInfo.InvariantCulture);
    }

    private static Dictionary<int, int> Refusals(string errors) => Received().Matches(errors)
        .CountBy(static match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).ToDictionary();

    [GeneratedRegex("received 'SIP/2.0 ([3-6][0-9]{2})")]
    private static partial Regex Received();
}
