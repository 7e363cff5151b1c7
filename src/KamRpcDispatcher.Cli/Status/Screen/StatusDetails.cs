using System.Text;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Status.Screen;

/// <summary>What of a cluster needs a table of its own: members held back, refused, unusable, drained without being announced, several for one address, weights; figures for who asks for them.</summary>
/// <param name="calls">The cluster.</param>
/// <param name="options">What is shown.</param>
/// <param name="layout">How wide, and in which colours.</param>
/// <param name="hasShares">Whether the shares of weights are told.</param>
internal sealed class StatusDetails(ClusterCalls calls, StatusOptions options, Layout layout, bool hasShares = true)
{
    private readonly StringBuilder _text = new();

    public override string ToString()
    {
        Held();
        Quarantined();
        Rejected();
        DrainedAbsent();
        DrainedProxies();
        Claims();
        if (hasShares)
        {
            Shares();
        }

        if (options.IsVerbose)
        {
            Sets();
            Waits();
        }

        return _text.ToString();
    }

    private void Held()
    {
        var table = layout.Table("SET", "NAME", "URI", "PROXY");
        foreach (var (lens, status) in Readable())
        {
            foreach (var member in status.Held)
            {
                table.Add(Ages.Number(member.Key.Set), member.Key.Name, member.Uri.Text, lens.Proxy.Name);
            }
        }

        var count = calls.Proxies.SelectMany(static lens => lens.Status?.Held ?? []).DistinctBy(static member => member.Key).Count() + calls.Proxies.Select(static lens => lens.Status?.MoreHeld ?? 0).DefaultIfEmpty(0).Max();
        var others = Readable().Any(static proxy => proxy.Status.Held.Any(member => proxy.Status.MayHaveOthersIn(member.Key.Set))) ? "; those from elsewhere than etcd go with \"state\": \"down\" in their file, or with their pods" : string.Empty;
        Section($"PANIC: {Ages.Count(count, "member")} held back; who is really gone, {DeviationText.Release(calls.Cluster)} lets go{others}", table);
    }

    private void Quarantined()
    {
        var table = layout.Table("SET", "URI", "PROXY", "NEXT TRY", "REASON");
        foreach (var (lens, status) in Readable())
        {
            foreach (var (set, uri, reason, retryAt) in status.Quarantined)
            {
                table.Add(Ages.Number(set), uri, lens.Proxy.Name, retryAt == default ? null : Ages.Until(retryAt - calls.Now), reason);
            }
        }

        Section($"QUARANTINED: {Ages.Count(table.Count + Readable().Sum(static proxy => proxy.Status.MoreQuarantined), "destination")} that cannot be put into Kamailio", table);
    }

    private void Rejected()
    {
        var table = layout.Table("KEY", "REASON");
        foreach (var rejected in calls.Cluster.Rejected.Concat(calls.Cluster.RejectedIntents))
        {
            table.Add(rejected.Key, rejected.Reason);
        }

        Section(
            calls.Cluster.Sources.Count > 0
                ? "REJECTED RECORDS (left out, but for what is said to stay as before)"
                : "REJECTED RECORDS (an earlier one that could be used stays in force where a dispatcher knows it)",
            table);
    }

    /// <summary>Whoever is drained and not there: whoever waits for it to come back has to know.</summary>
    private void DrainedAbsent()
    {
        var table = layout.Table("SET", "NAME", "BY", "SINCE", "REASON");
        foreach (var intent in calls.Cluster.IntentsNotAnnounced.Select(static stored => stored.Intent).Where(static intent => intent.IsDrained))
        {
            table.Add(Ages.Number(intent.Key.Set), intent.Key.Name, intent.By, intent.At is { } at ? Ages.Show(calls.Now - at) : null, intent.Reason);
        }

        var isElsewhere = calls.Cluster.IntentsNotAnnounced.Any(stored => stored.Intent.IsDrained && ElsewhereFindings.SourcesOf(stored.Intent.Key.Set, calls).Count > 0);
        Section($"DRAINED, NOT ANNOUNCED (in force when they come back{(isElsewhere ? ", and of those now that come from elsewhere than etcd" : string.Empty)}; 'kamrpc resume' takes it back{IntentOrigin.Forced})", table);
    }

    /// <summary>Whoever is about to begin a maintenance has to know whether the proxy follows.</summary>
    private void DrainedProxies()
    {
        var table = layout.Table("PROXY", "FOLLOWED", "BY", "SINCE", "REASON");
        foreach (var (proxy, stored) in calls.Cluster.ProxyIntents.Where(static one => one.Value.Intent.IsDrained))
        {
            var lens = calls.Proxies.FirstOrDefault(lens => lens.Proxy.Name == proxy);
            table.Add(proxy, lens is null ? "does not report" : lens.Status is { IsDrained: true } ? "yes" : "no", stored.Intent.By, stored.Intent.At is { } at ? Ages.Show(calls.Now - at) : null, stored.Intent.Reason);
        }

        Section($"DRAINED PROXIES ('kamrpc health' fails there, and calls that come are routed; 'kamrpc proxy resume' takes it back{IntentOrigin.Forced})", table);
    }

    private void Claims()
    {
        var claims = new StatusClaims(calls.Cluster);
        if (claims.Count > 0)
        {
            Section(StatusClaims.Title, claims.Table(layout));
        }
    }

    private void Shares()
    {
        var shared = new SharedCalls(calls.Proxies, calls.Now);
        if (shared.Count > 0)
        {
            Section(SharedCalls.Title, shared.Table(layout));
        }

        var shares = new StatusShares(calls);
        if (shares.Count > 0)
        {
            Section(StatusShares.Title, shares.Table(layout), shares.Notes());
        }
    }

    private void Sets()
    {
        var table = layout.Table("PROXY", "SET", "DESTINATIONS", "ROUTABLE", "READY MEMBERS", "OF THEM ROUTABLE");
        foreach (var (lens, status) in Readable())
        {
            foreach (var (set, counts) in status.Sets)
            {
                table.Add(lens.Proxy.Name, Ages.Number(set), Ages.Number(counts.Destinations), Ages.Number(counts.Routable), Number(counts.Wanted), Number(counts.Serving));
            }
        }

        Section("SETS IN KAMAILIO", table);

        static string? Number(int? count) => count is { } number ? Ages.Number(number) : null;
    }

    private void Waits()
    {
        var table = layout.Table("PROXY", "MODE", "WAITS", "P50", "P99", "MAX", "TIMEOUTS");
        foreach (var (lens, status) in Readable())
        {
            var (mode, count, median, p99, longest, timeouts) = status.Grace;
            table.Add(lens.Proxy.Name, mode, Ages.Number(count), Milliseconds(median), Milliseconds(p99), Milliseconds(longest), Ages.Number(timeouts));
        }

        Section("GRACE PERIODS", table);

        static string Milliseconds(double milliseconds) => FormattableString.Invariant($"{milliseconds:0.##} ms");
    }

    private IEnumerable<(ProxyLens Lens, ProxyStatus Status)> Readable() => calls.Proxies.Where(static lens => lens.Status is not null).Select(static lens => (lens, lens.Status!));

    private void Section(string title, TextTable table, IReadOnlyList<string>? notes = null)
    {
        if (table.Count == 0)
        {
            return;
        }

        _text.Append('\n').Append(TextLines.Behind(string.Empty, title, layout.Width)).Append(table);
        foreach (var note in notes ?? [])
        {
            _text.Append(TextLines.Behind("  ", note, layout.Width));
        }
    }
}
