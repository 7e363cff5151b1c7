using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>How long pings were answered in when the list was looked at for that: each ping changes it a little, which is no news each time.</summary>
internal sealed class LatencySample
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private Dictionary<(int Set, string Uri), double> _milliseconds = [];
    private DateTimeOffset _at;

    /// <summary>Takes a list, unless one was taken just before.</summary>
    public void Take(IReadOnlyList<ListedDestination> list, DateTimeOffset at)
    {
        if ((at - _at).Duration() < Interval)
        {
            return;
        }

        _at = at;
        _milliseconds = [];
        foreach (var entry in list.Where(static entry => entry.Latency is not null))
        {
            var latency = entry.Latency!.Value;
            _milliseconds[(entry.Set, entry.Uri)] = Math.Round(latency, latency < 10 ? 1 : 0);
        }
    }

    /// <summary>In milliseconds; null where Kamailio tells none.</summary>
    public double? Of(ListedDestination entry) => _milliseconds.TryGetValue((entry.Set, entry.Uri), out var latency) ? latency : null;
}
