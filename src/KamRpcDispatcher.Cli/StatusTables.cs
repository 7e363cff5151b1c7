using System.Globalization;
using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli;

/// <summary>The status of a cluster for people: what needs somebody first, then members and proxies, and the verdict last.</summary>
internal sealed class StatusTables(ClusterView cluster, DateTimeOffset now)
{
    private static readonly string[] MemberHeaders = ["SET", "NAME", "URI", "STATE", "WEIGHT", "PRIORITY", "LEASE", "LABELS"];

    private readonly StringBuilder _text = new();

    public override string ToString()
    {
        Troubles();
        Held();
        Quarantined();
        Unreadable();
        Rejected();
        Claims();
        Members();
        Shares();
        Proxies();
        var findings = StatusFindings.Of(cluster);
        _text.Append(findings.Count == 0 ? "In step.\n" : "NOT IN STEP\n");
        foreach (var finding in findings)
        {
            _text.Append("  ").Append(finding).Append('\n');
        }

        return _text.ToString();
    }

    /// <summary>A duration in its largest unit: <c>12s</c>, <c>5m</c>, <c>3h</c>, <c>2d</c>.</summary>
    private static string Show(TimeSpan duration) => duration switch
    {
        { TotalDays: >= 1 } => FormattableString.Invariant($"{(long)duration.TotalDays}d"),
        { TotalHours: >= 1 } => FormattableString.Invariant($"{(long)duration.TotalHours}h"),
        { TotalMinutes: >= 1 } => FormattableString.Invariant($"{(long)duration.TotalMinutes}m"),
        _ => FormattableString.Invariant($"{(long)Math.Max(0, duration.TotalSeconds)}s"),
    };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(double milliseconds) => FormattableString.Invariant($"{milliseconds:0.##} ms");

    private string State(Member member)
    {
        var state = StatusJson.Name(member.State);
        if (member is { State: not MemberState.Ready, Since: { } since })
        {
            state += $" for {Show(now - since)}";
        }

        return string.IsNullOrEmpty(member.Reason) ? state : $"{state} ({member.Reason})";
    }

    private static string Labels(Member member) => string.Join(',', member.Labels.Select(static label => $"{label.Key}={label.Value}"));

    private static string Attributes(Member member) => string.Join(';', member.Attributes.Select(static attribute => $"{attribute.Key}={AttributeList.Quoted(attribute.Value)}"));

    private void Troubles()
    {
        var table = new TextTable("PROXY", "KIND", "SINCE", "TEXT");
        var count = 0;
        foreach (var proxy in cluster.Proxies)
        {
            foreach (var (kind, since, text) in proxy.Status?.Troubles ?? [])
            {
                table.Add(proxy.Name, kind, Show(now - since) + " ago", text);
                count++;
            }
        }

        Section("TROUBLE AT PROXIES (-o json has the whole text)", table, count);
    }

    private void Held()
    {
        var table = new TextTable("SET", "NAME", "URI", "PROXY");
        foreach (var proxy in cluster.Proxies)
        {
            foreach (var member in proxy.Status?.Held ?? [])
            {
                table.Add(Number(member.Key.Set), member.Key.Name, member.Uri.Text, proxy.Name);
            }
        }

        var count = cluster.Proxies.SelectMany(static proxy => proxy.Status?.Held ?? []).DistinctBy(static member => member.Key).Count();
        Section($"PANIC: {StatusFindings.Count(count, "expired member")} held back; if they are really gone, run 'kamrpc confirm'", table, count);
    }

    private void Quarantined()
    {
        var table = new TextTable("SET", "URI", "PROXY", "NEXT TRY", "REASON");
        var count = 0;
        foreach (var proxy in cluster.Proxies)
        {
            foreach (var (set, uri, reason, retryAt) in proxy.Status?.Quarantined ?? [])
            {
                table.Add(Number(set), uri, proxy.Name, retryAt == default ? null : retryAt <= now ? "due" : "in " + Show(retryAt - now), reason);
                count++;
            }
        }

        Section($"QUARANTINED: Kamailio refuses {StatusFindings.Count(count, "destination")}", table, count);
    }

    private void Unreadable()
    {
        var table = new TextTable("PROXY", "REASON");
        foreach (var proxy in cluster.Proxies.Where(static proxy => proxy.Status is null))
        {
            table.Add(proxy.Name, proxy.Error);
        }

        Section("UNREADABLE REPORTS", table, cluster.Proxies.Count(static proxy => proxy.Status is null));
    }

    private void Rejected()
    {
        var table = new TextTable("KEY", "REASON");
        foreach (var rejected in cluster.Rejected)
        {
            table.Add(rejected.Key, rejected.Reason);
        }

        Section("REJECTED RECORDS (an earlier record that could be used stays in force)", table, cluster.Rejected.Count);
    }

    private void Claims()
    {
        var claims = new StatusClaims(cluster);
        Section(StatusClaims.Title, claims.Table(), claims.Count);
    }

    private void Members()
    {
        // Few have attributes of their own.
        var hasAttributes = cluster.Members.Any(static announced => !announced.Member.Attributes.IsEmpty);
        var table = new TextTable(hasAttributes ? [.. MemberHeaders, "ATTRS"] : MemberHeaders);
        foreach (var (member, lease) in cluster.Members)
        {
            string?[] cells =
            [
                Number(member.Key.Set),
                member.Key.Name,
                member.Uri.Text,
                State(member),
                member.Weight is { } weight ? Number(weight) : null,
                Number(member.Priority),
                lease == 0 ? "static" : "lease",
                Labels(member),
            ];
            table.Add(hasAttributes ? [.. cells, Attributes(member)] : cells);
        }

        Section($"MEMBERS (newest record: revision {Number(cluster.MemberRevision)})", table, cluster.Members.Count, "  none\n");
    }

    private void Shares()
    {
        var shares = new StatusShares(cluster);
        Section(StatusShares.Title, shares.Table(), shares.Count, notes: shares.Notes());
    }

    private void Proxies()
    {
        var proxies = new TextTable("NAME", "KAMAILIO", "REVISION", "BEHIND", "DRIFT", "APPLIED", "FROM");
        var sets = new TextTable("PROXY", "SET", "DESTINATIONS", "ROUTABLE");
        var waits = new TextTable("PROXY", "MODE", "WAITS", "P50", "P99", "MAX", "TIMEOUTS");
        foreach (var proxy in cluster.Proxies)
        {
            if (proxy.Status is not { } status)
            {
                continue;
            }

            proxies.Add(
                proxy.Name,
                status.Kamailio,
                Number(status.Revision),
                Number(cluster.Behind(status)),
                Number(status.Drift),
                Show(now - status.AppliedAt) + " ago",
                status.IsFromSnapshot ? "snapshot" : "etcd");
            foreach (var (set, (destinations, routable)) in status.Sets)
            {
                sets.Add(proxy.Name, Number(set), Number(destinations), Number(routable));
            }

            var (mode, count, median, p99, longest, timeouts) = status.Grace;
            waits.Add(proxy.Name, mode, Number(count), Milliseconds(median), Milliseconds(p99), Milliseconds(longest), Number(timeouts));
        }

        var readable = cluster.Proxies.Count(static proxy => proxy.Status is not null);
        Section("PROXIES", proxies, readable, "  none\n");
        Section("SETS IN KAMAILIO", sets, readable);
        Section("GRACE PERIODS", waits, readable);
    }

    private void Section(string title, TextTable table, int count, string? otherwise = null, IReadOnlyList<string>? notes = null)
    {
        if (count > 0 || otherwise is not null)
        {
            _text.Append(title).Append('\n').Append(count > 0 ? table.ToString() : otherwise)
                .AppendJoin(string.Empty, (notes ?? []).Select(static note => $"  {note}\n")).Append('\n');
        }
    }
}
