using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;

namespace KamRpcDispatcher.IntegrationTests.Sites;

/// <summary>A call that was acknowledged at a server.</summary>
/// <param name="Server">Its index.</param>
/// <param name="Begun">When the caller sent its INVITE first, in seconds since 1970.</param>
/// <param name="IsEnded">The caller's BYE has come to the server.</param>
internal sealed record SiteCall(int Server, double Begun, bool IsEnded);

/// <summary>What the servers say of their calls, by Call-ID. Thread-safe.</summary>
internal sealed class SiteJournal
{
    private readonly Dictionary<string, SiteCall> _calls = new(StringComparer.Ordinal);

    public static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>Where a call is, or was last.</summary>
    public SiteCall? Find(string callId)
    {
        lock (_calls)
        {
            return _calls.GetValueOrDefault(callId);
        }
    }

    /// <summary>How many of the calls each server had that were begun after a moment.</summary>
    public int[] Since(double moment)
    {
        lock (_calls)
        {
            return [.. Enumerable.Range(0, 3).Select(server => _calls.Values.Count(call => call.Server == server && call.Begun > moment))];
        }
    }

    /// <summary>Waits until servers have had so many calls that were begun after a moment.</summary>
    public Task WaitForCallsAsync(double moment, int calls) => WaitAsync(counts => counts.Sum() >= calls, moment);

    /// <summary>Waits until calls that were begun after a moment are as wanted, by server.</summary>
    public async Task WaitAsync(Func<int[], bool> condition, double moment)
    {
        for (var begun = Stopwatch.GetTimestamp(); !condition(Since(moment));)
        {
            if (Stopwatch.GetElapsedTime(begun) > Fleet.Deadline)
            {
                throw new TimeoutException($"The servers' calls are not as wanted: {string.Join(", ", Since(moment))}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    /// <summary>Takes a line of the scenario uas.xml's: <c>call ID BEGUN</c> or <c>end ID</c>.</summary>
    public void Note(int server, string line)
    {
        var words = line.Split(' ');
        lock (_calls)
        {
            switch (words)
            {
                case ["call", var id, var begun]:
                    _calls[id] = new SiteCall(server, double.Parse(begun, CultureInfo.InvariantCulture), IsEnded: false);
                    break;
                case ["end", var id] when _calls.TryGetValue(id, out var call) && call.Server == server:
                    _calls[id] = call with { IsEnded = true };
                    break;
            }
        }
    }
}
