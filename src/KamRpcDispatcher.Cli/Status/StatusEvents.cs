using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>Something that changed while it was watched.</summary>
/// <param name="At">When it was seen.</param>
/// <param name="Text">What is so now, in one line, safe to print.</param>
internal sealed record StatusEvent(DateTimeOffset At, string Text);

/// <summary>Tells what changes from one reading of a cluster to the next: members, operators' drains, proxies, and places that members come from. That time passes is no change.</summary>
internal sealed class StatusEvents
{
    /// <summary>How long what changed is marked.</summary>
    private static readonly TimeSpan MarkTime = TimeSpan.FromSeconds(5);

    private const int LongestSource = 200;
    private const int LongestReason = 256;

    private readonly Dictionary<string, DateTimeOffset> _changed = new(StringComparer.Ordinal);
    private Dictionary<string, Told>? _before;
    private DateTimeOffset _now;

    /// <summary>What a proxy is marked by: its name may be anything, a member's key too.</summary>
    public static string KeyOf(ProxyLens lens) => "proxy " + lens.Proxy.Name;

    /// <summary>Whether a member (<c>set/name</c>) or a proxy (<see cref="KeyOf"/>) has just changed.</summary>
    public bool IsMarked(string key) => _changed.TryGetValue(key, out var at) && _now - at < MarkTime;

    /// <summary>What has changed since the last call; nothing at the first one.</summary>
    public IReadOnlyList<StatusEvent> Next(ClusterCalls calls)
    {
        _now = calls.Now;
        var now = Members(calls, _before).Concat(Intents(calls, _before)).Concat(Proxies(calls)).Concat(Rejected(calls)).Concat(Sources(calls)).ToDictionary(static entry => entry.Key, static entry => entry.Told, StringComparer.Ordinal);
        var (before, events) = (_before, new List<StatusEvent>());
        _before = now;
        if (before is null)
        {
            return events;
        }

        foreach (var (key, told) in now)
        {
            if (!before.TryGetValue(key, out var was) || was.Summary != told.Summary)
            {
                Add(key, told.Text);
            }
        }

        // What was so of them before is not so any more.
        foreach (var (key, told) in before.Where(entry => !now.ContainsKey(entry.Key)))
        {
            Add(key, told.Gone);
        }

        return events;

        void Add(string key, string text)
        {
            _changed[key] = calls.Now;
            events.Add(new StatusEvent(calls.Now, text));
        }
    }

    private static IEnumerable<(string Key, Told Told)> Members(ClusterCalls calls, Dictionary<string, Told>? before)
    {
        var words = new MemberText(calls);
        foreach (var set in calls.Sets)
        {
            foreach (var member in set.Members.Concat(set.Departed))
            {
                // That nobody knows it at the moment is told of the proxies, once.
                if (set.InDoubt.Count == set.Serving.Count && before?.TryGetValue(member.Key.ToString(), out var known) == true)
                {
                    yield return (member.Key.ToString(), known);
                    continue;
                }

                var remarks = string.Join(' ', member.Remarks.Select(static remark => $"{remark.Lens.Name}/{remark.Deviation?.Kind}/{remark.Deviation?.Flags}"));
                var summary = $"{member.Calls} {member.Announced?.Member.State} {member.Announced?.Member.Reason} {member.Uri} {remarks}";
                var who = FormattableString.Invariant($"set {set.Set}: {SafeText.Shorten(member.Key.Name, 40)}");
                yield return (member.Key.ToString(), new Told(summary, $"{who}: {MemberText.Calls(member.Shown)}, {words.Full(member, set)}", $"gone: {who}: it is not announced, and no report that can be believed names it any more"));
            }
        }
    }

    /// <summary>Drains, also of those that are not announced.</summary>
    private static IEnumerable<(string Key, Told Told)> Intents(ClusterCalls calls, Dictionary<string, Told>? before)
    {
        const string Kind = "intent ";
        if (calls.Cluster.IntentsRefused is { } refused)
        {
            yield return ("intents", new Told(Kind, $"who is drained by an operator is not known from now on: {SafeText.Shorten(refused, 256)}", "who is drained by an operator is known again"));
        }

        foreach (var (key, stored) in calls.Cluster.Intents.Where(static one => one.Value.Intent.IsDrained))
        {
            var intent = stored.Intent;
            var reason = string.IsNullOrEmpty(intent.Reason) ? string.Empty : $" ({SafeText.Shorten(intent.Reason, MemberValidation.MaxReasonLength)})";
            var text = $"drained: {IntentText.Who(key)}, by {IntentText.By(intent)}{reason}";
            yield return (Kind + key, new Told(text, text, $"resumed: {IntentText.Who(key)}: no operator drains it any more"));
        }

        foreach (var (proxy, stored) in calls.Cluster.ProxyIntents.Where(static one => one.Value.Intent.IsDrained))
        {
            var who = WhoOf(proxy);
            var text = $"drained: {who}, by {IntentText.By(stored.Intent)}{(string.IsNullOrEmpty(stored.Intent.Reason) ? string.Empty : $" ({SafeText.Shorten(stored.Intent.Reason, MemberValidation.MaxReasonLength)})")}: 'kamrpc health' fails there";
            yield return (Kind + who, new Told(text, text, $"resumed: {who}: no operator drains it any more"));
        }

        // What cannot be read, or cannot be used, was not taken back by that.
        var hidden = calls.Cluster.RejectedIntents.Where(static record => record.Member is not null).Select(static record => Kind + record.Member)
            .Concat(calls.Cluster.RejectedIntents.Select(static record => record.Proxy).OfType<string>().Select(static proxy => Kind + WhoOf(proxy))).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, told) in (before ?? []).Where(entry => calls.Cluster.IntentsRefused is null ? hidden.Contains(entry.Key) : entry.Key.StartsWith(Kind, StringComparison.Ordinal)))
        {
            yield return (key, told);
        }
    }

    private static string WhoOf(string proxy) => $"proxy {SafeText.Shorten(proxy)}";

    private static IEnumerable<(string Key, Told Told)> Proxies(ClusterCalls calls)
    {
        foreach (var lens in calls.Proxies)
        {
            var kinds = string.Join(", ", lens.Status?.Troubles.Select(static trouble => SafeText.Shorten(trouble.Kind, 20)).Distinct() ?? []);
            var state = lens.Status is null ? "its report cannot be read"
                : lens.Age.Freshness == ReportFreshness.Stale ? "its report is not written any more"
                : lens.IsKamailioLost ? "Kamailio does not answer"
                : lens.Status.Hangs ? "its dispatcher hangs"
                : lens.Lag.IsLate ? "it does not follow the members"
                : lens.IsOfOlderVersion ? "its kamrpc is older and does not say whether Kamailio answers"
                : "Kamailio answers";
            var text = $"proxy {lens.Name}: {state}{(kinds.Length > 0 ? $"; trouble: {kinds}" : string.Empty)}{(lens.Status is { IsFromSnapshot: true } ? "; works from a saved membership" : string.Empty)}";

            yield return (KeyOf(lens), new Told(text, text, $"gone: proxy {lens.Name}: it does not report any more: its dispatcher has ended, or does not reach etcd; its Kamailio goes on as before"));
        }
    }

    private static IEnumerable<(string Key, Told Told)> Rejected(ClusterCalls calls)
    {
        foreach (var record in calls.Cluster.Rejected.Concat(calls.Cluster.RejectedIntents))
        {
            var text = MemberText.Of(record);
            yield return ("record " + record.Key, new Told(text, text, $"gone: record {record.Key} is not rejected any more"));
        }
    }

    /// <summary>The places that cannot be read, by the dispatcher that is asked, or by the reports of proxies.</summary>
    private static IEnumerable<(string Key, Told Told)> Sources(ClusterCalls calls)
    {
        return calls.Cluster.Sources.Where(static source => source.AwaySince is not null).Select(static source => Away(string.Empty, source.Name, source.Reason))
            .Concat(calls.Proxies.SelectMany(static lens => (lens.Status?.SourcesAway ?? []).Select(source => Away($"proxy {lens.Name}: ", source.Name, source.Reason))))
            .DistinctBy(static source => source.Key);

        // Its reason may be another one each second: that is no change.
        static (string Key, Told Told) Away(string whose, string name, string? reason)
        {
            var who = $"{whose}{SafeText.Shorten(name, LongestSource)}";
            return ($"source {who}", new Told(string.Empty, $"{who} cannot be read: {SafeText.Shorten(reason ?? "it is not said why", LongestReason)}", $"gone: {who}: that it cannot be read is not told any more"));
        }
    }

    /// <summary>What was told of somebody.</summary>
    /// <param name="Summary">What is a change if it is another one.</param>
    /// <param name="Text">What is so, in one line.</param>
    /// <param name="Gone">What is so when nothing is known of it any more.</param>
    private sealed record Told(string Summary, string Text, string Gone);
}
