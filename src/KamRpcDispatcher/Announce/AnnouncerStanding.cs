using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Leases;

namespace KamRpcDispatcher.Announce;

/// <summary>How it stands with what an announcer announces.</summary>
/// <param name="keeper">Holds its keys.</param>
/// <param name="monitors">Of each server.</param>
/// <param name="servers">The same servers, with their members.</param>
internal sealed class AnnouncerStanding(LeaseKeeper keeper, IReadOnlyList<HealthMonitor> monitors, IReadOnlyList<ProbedServer> servers)
{
    private const int LongestOutage = 200;

    /// <summary>The state of each member; null before its server was probed.</summary>
    public IEnumerable<(MemberKey Key, MemberState? State)> States =>
        monitors.Zip(servers).SelectMany(static pair => pair.Second.Members.Select(member => (member.Key, pair.First.State)));

    /// <summary>Why what it announces does not get calls, in one line; null where all of it is announced as ready.</summary>
    public string? WhyNotReady =>
        keeper is { Outage: { } outage } ? $"etcd cannot be used: {SafeText.Shorten(outage, LongestOutage)}"
        : !keeper.HasReached ? "etcd has not been reached yet"
        : keeper.Occupied is { } occupied ? $"somebody else has {SafeText.Shorten(occupied, LongestOutage)}"
        : keeper.Refused is { } refused ? $"etcd refuses {SafeText.Shorten(refused, LongestOutage)}"
        : States.FirstOrDefault(static member => member.State != MemberState.Ready) is { Key.Name: not null } first ? $"{first.Key} is {(first.State is { } state ? MemberStateName.Of(state) : "not probed yet")}"
        : null;

    /// <summary>In one line, for the service manager.</summary>
    public string Text
    {
        get
        {
            var counts = monitors.Where(static server => server.State is not null).GroupBy(static server => server.State!.Value).ToDictionary(static group => group.Key, static group => group.Sum(static server => server.Members));
            List<string> parts = [.. Enum.GetValues<MemberState>().Where(counts.ContainsKey).Select(state => $"{counts[state]} {state.ToString().ToLowerInvariant()}")];
            if (keeper.OccupiedCount is > 0 and var occupied)
            {
                parts.Add($"{occupied} not announced: the name is held by somebody else");
            }

            if (keeper is { Outage: null, Refused: { } refused })
            {
                parts.Add($"etcd refuses {refused}");
            }

            if (keeper is { Outage: { } outage, OutageSince: { } since })
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"etcd cannot be used since {since:yyyy-MM-dd HH:mm:ss} UTC: {outage}"));
            }

            return string.Join(", ", parts);
        }
    }
}
