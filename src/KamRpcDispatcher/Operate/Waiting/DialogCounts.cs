using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Dialogs;
using KamRpcDispatcher.Etcd.Reports.Format;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>What the proxies report of the calls that are up, as Kamailio's dialogs count them, and since when that is so, by this host's clock.</summary>
internal sealed class DialogCounts(EtcdKeys keys, TimeProvider timeProvider) : WatchedKeys
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _begun = timeProvider.GetTimestamp();

    /// <summary>A report that was there already counts when it has changed since it was read before.</summary>
    public override void Replace(KeyListing listed, bool wasAway)
    {
        lock (_lock)
        {
            if (IsOfAnother(listed))
            {
                _entries.Clear();
            }

            Stand(listed);
            var there = listed.Keys.Select(NameOf).ToHashSet(StringComparer.Ordinal);
            foreach (var gone in _entries.Keys.Where(name => !there.Contains(name)).ToList())
            {
                End(gone);
            }

            foreach (var pair in listed.Keys)
            {
                Put(pair, isNews: _entries.ContainsKey(NameOf(pair)));
            }
        }
    }

    public override void Apply(IEnumerable<Mvccpb.Event> changes)
    {
        lock (_lock)
        {
            foreach (var change in changes)
            {
                if (change.Type == Mvccpb.Event.Types.EventType.Delete)
                {
                    End(NameOf(change.Kv));
                }
                else
                {
                    Put(change.Kv, isNews: true);
                }
            }
        }
    }

    /// <summary>From now on no new calls come: what was counted before does not show that none is up.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _begun = timeProvider.GetTimestamp();
            foreach (var (name, entry) in _entries.ToList())
            {
                _entries[name] = entry with { IdleSince = [] };
            }
        }
    }

    /// <summary>How a member is by what all proxies count that may send calls to its set; null where none of them counts.</summary>
    public IdleMember? StateOf(MemberKey member)
    {
        lock (_lock)
        {
            List<KeyValuePair<string, Entry>> serving = [.. _entries.Where(entry => entry.Value.Status is not { Serves.IsEmpty: false } status || status.Serves.Contains(member.Set))];
            if (!serving.Exists(static entry => entry.Value.Status?.Dialogs is not null))
            {
                return null;
            }

            var unknown = serving.Select(entry => WhyUnknown(entry.Key, entry.Value, member)).FirstOrDefault(static why => why is not null);
            var isCounted = serving.TrueForAll(entry => entry.Value.Status?.Dialogs?.CallsOf(member) is not null);
            return new IdleMember(
                member,
                isCounted ? DialogSum.Sum(serving.Select(entry => entry.Value.Status!.Dialogs!.CallsOf(member)!.Value)) : null,
                serving.TrueForAll(static entry => entry.Value.CountedAt is not null) ? serving.Max(entry => timeProvider.GetElapsedTime(entry.Value.CountedAt!.Value)) : null,
                unknown)
            {
                IsIdle = unknown is null && serving.TrueForAll(entry => entry.Value.Status!.Dialogs!.CallsOf(member) == 0 && entry.Value.IdleSince.TryGetValue(member, out var since) && timeProvider.GetElapsedTime(since, entry.Value.CountedAt!.Value) >= CallCounts.Settling),
            };
        }
    }

    private string? WhyUnknown(string name, Entry entry, MemberKey member) => entry switch
    {
        { HasEnded: true } => $"the report of proxy {SafeText.Shorten(name)} has ended, and calls may be up by it",
        { Error: { } error } => $"the report of proxy {SafeText.Shorten(name)} cannot be read: {SafeText.Shorten(error, ProxyTrouble.MostTextLength)}",
        { Status.Dialogs: not null, CountedAt: null } => $"nobody knows how old the count of proxy {SafeText.Shorten(name)} is",
        { Status.Dialogs: not null, CountedAt: { } at } when timeProvider.GetElapsedTime(at) > CallCounts.Limit => $"the count of proxy {SafeText.Shorten(name)} is old",
        _ => DialogSum.WhyUnknown(name, entry.Status?.Dialogs, member, timeProvider.GetUtcNow()),
    };

    private string NameOf(Mvccpb.KeyValue pair) => pair.Key.ToStringUtf8()[keys.Proxies.Length..];

    /// <summary>Calls may be up by a proxy that was there.</summary>
    private void End(string name)
    {
        if (_entries.TryGetValue(name, out var entry))
        {
            _entries[name] = entry with { HasEnded = true, IdleSince = [] };
        }
    }

    /// <summary>What has no lease is no proxy that lives.</summary>
    private void Put(Mvccpb.KeyValue pair, bool isNews)
    {
        var name = NameOf(pair);
        var before = _entries.GetValueOrDefault(name);
        if (pair.Lease == 0)
        {
            End(name);
            return;
        }

        if (before?.ModRevision == pair.ModRevision)
        {
            return;
        }

        ProxyRecord.TryRead(pair.Value.Memory, out var status, out var error);
        var dialogs = status?.Dialogs;
        var isCounted = isNews && dialogs?.At is not null && dialogs.At != before?.Status?.Dialogs?.At;
        var entry = new Entry(status, error, pair.ModRevision) { CountedAt = isCounted ? Counted(status!) : dialogs?.At is null || !isNews ? null : before?.CountedAt };
        _entries[name] = entry with { IdleSince = IdleSince(before, entry, isCounted) };
    }

    /// <summary>When that was counted which comes now, by the time that it was at its writer's.</summary>
    private long Counted(ProxyStatus status)
    {
        var lag = status.WrittenAt - status.Dialogs!.At is { } late && late > TimeSpan.Zero ? late : TimeSpan.Zero;
        return timeProvider.GetTimestamp() - (long)(lag.TotalSeconds * timeProvider.TimestampFrequency);
    }

    private Dictionary<MemberKey, long> IdleSince(Entry? before, Entry entry, bool isCounted)
    {
        if (!isCounted)
        {
            return entry.CountedAt is null ? [] : before?.IdleSince ?? [];
        }

        var at = entry.CountedAt!.Value;
        if (at < _begun)
        {
            return [];
        }

        // Where none came for long, or Kamailio was started anew, there may have been calls in between.
        var isGap = before is not { HasEnded: false, CountedAt: { } last } || timeProvider.GetElapsedTime(last, at) > CallCounts.Limit || before.Status?.Dialogs?.Since != entry.Status!.Dialogs!.Since;
        return entry.Status!.Dialogs!.Members.Where(static count => count.Calls == 0).DistinctBy(static count => count.Member)
            .ToDictionary(static count => count.Member, count => !isGap && before!.IdleSince.TryGetValue(count.Member, out var since) ? since : at);
    }

    /// <param name="Status">What it reports; null where that cannot be read.</param>
    /// <param name="Error">Why not.</param>
    /// <param name="ModRevision">The store's revision of it.</param>
    private sealed record Entry(ProxyStatus? Status, string? Error, long ModRevision)
    {
        /// <summary>When its calls were counted, a timestamp; null where nobody watched then.</summary>
        public long? CountedAt { get; init; }

        /// <summary>Since when each count has said that nothing is up on a member, a timestamp; nobody is there of whom the last one does not.</summary>
        public Dictionary<MemberKey, long> IdleSince { get; init; } = [];

        /// <summary>Whether it is not there any more.</summary>
        public bool HasEnded { get; init; }
    }
}
