using System.Text;
using KamRpcDispatcher.Cli.Output;

namespace KamRpcDispatcher.Cli.Status.Screen;

/// <summary>The proxies: whether Kamailio answers, and whether it is in step.</summary>
internal sealed class ProxiesScreen(ClusterCalls calls, StatusOptions options, Layout layout, Func<string, bool>? changed)
{
    /// <summary>So many proxies are all shown.</summary>
    private const int MostWhole = 20;

    private readonly ProxyText _words = new(calls);

    public override string ToString()
    {
        if (calls.Proxies.Count == 0)
        {
            return "No proxy reports.\n";
        }

        var isWhole = options.ShowsAll || calls.Proxies.Count <= MostWhole;
        List<ProxyLens> shown = [.. calls.Proxies.Where(lens => isWhole || !IsFine(lens)).OrderBy(IsFine)];
        var hasVersions = options.IsVerbose || calls.Proxies.Select(static lens => lens.Status?.Version).Distinct().Count() > 1;
        var table = new TextTable("CHANGED", "PROXY", "KAMAILIO", "STATE", "REVISION", "BEHIND", "DRIFT", "LIST SEEN", "REPORT", "KAMRPC", "HOST")
        {
            Width = layout.Width, Palette = layout.Palette, HidesEmptyColumns = true,
        };
        foreach (var lens in shown)
        {
            Add(table, lens, hasVersions);
        }

        var text = new StringBuilder(shown.Count > 0 ? table.ToString() : string.Empty);
        if (shown.Count < calls.Proxies.Count)
        {
            var count = calls.Proxies.Count - shown.Count;
            text.Append(FormattableString.Invariant($"  {count}{(shown.Count == 0 ? string.Empty : " more")} {(count == 1 ? "proxy" : "proxies")} in step\n"));
        }

        foreach (var lens in shown.Where(static lens => lens.Age.ClockOffset is not null))
        {
            var offset = lens.Age.ClockOffset!.Value;
            text.Append(TextLines.Behind("  ", $"the clock of {lens.Name} is {Ages.Show(offset.Duration())} {(offset > TimeSpan.Zero ? "ahead of" : "behind")} this one's: so are the ages of what it reports", layout.Width));
        }

        return text.ToString();
    }

    private bool IsFine(ProxyLens lens) => lens is { WhyUnknown: null, Lag.IsLate: false, IsAtChanges: false, Status: { Drift: 0, Troubles.IsEmpty: true, IsDrained: false } status } && calls.Cluster.Behind(status) == 0 && !calls.LacksIntents(lens);

    private void Add(TextTable table, ProxyLens lens, bool hasVersions)
    {
        var mark = changed?.Invoke(StatusEvents.KeyOf(lens)) == true ? new Cell("*", Tone.Changed) : new Cell(null);
        if (lens.Status is not { } status)
        {
            table.Add(mark, lens.Proxy.Name, null, new Cell("unreadable: " + lens.Proxy.Error, Tone.Bad), null, null, null, null, null, null, null);
            return;
        }

        var behind = calls.Cluster.Behind(status);
        table.Add(
            mark,
            lens.Proxy.Name,
            _words.Kamailio(lens, status),
            _words.State(lens, status),
            Ages.Number(status.Revision),
            behind > 0 ? new Cell(status.Revision == 0 ? "all" : Ages.Number(behind), Tone.Odd) : new Cell(null),
            status.Drift > 0 ? new Cell(Ages.Number(status.Drift), Tone.Odd) : new Cell(null),
            Ages.Show(calls.Now - status.AppliedAt) + " ago",
            lens.Age.Age is { } age && (options.IsVerbose || lens.Age.Freshness == ReportFreshness.Stale) ? Ages.Show(age) + " old" : null,
            hasVersions ? status.Version ?? "older" : null,
            options.IsVerbose ? status.Identity?.Host : null);
    }
}
