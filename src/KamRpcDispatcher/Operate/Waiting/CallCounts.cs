using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>What announcers say of the calls that are up, and since when that is so, by this host's clock: theirs may be another one.</summary>
internal sealed class CallCounts(EtcdKeys keys, TimeProvider timeProvider) : WatchedKeys
{
    /// <summary>They come once a second: of one that is older it is not known whether it is so still.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>For so long a server has to be without calls: a call that a proxy had sent it just before, and once more when no answer came, is up by then.</summary>
    internal static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>What is listed may have stood there for long: it counts when it has changed since it was read before.</summary>
    public override void Replace(KeyListing listed, bool wasAway)
    {
        lock (_lock)
        {
            if (IsOfAnother(listed))
            {
                _entries.Clear();
            }

            Stand(listed);
            var there = listed.Keys.Select(static pair => pair.Key.ToStringUtf8()).ToHashSet(StringComparer.Ordinal);
            foreach (var gone in _entries.Keys.Where(key => !there.Contains(key)).ToList())
            {
                _entries.Remove(gone);
            }

            foreach (var pair in listed.Keys)
            {
                Put(pair, isNews: _entries.ContainsKey(pair.Key.ToStringUtf8()));
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
                    _entries.Remove(change.Kv.Key.ToStringUtf8());
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
            foreach (var (key, entry) in _entries.ToList())
            {
                _entries[key] = entry with { IdleSince = null };
            }
        }
    }

    public IdleState StateOf(IEnumerable<MemberKey> members)
    {
        lock (_lock)
        {
            return new IdleState([.. members.Order().Select(StateOf)]);
        }
    }

    private IdleMember StateOf(MemberKey member)
    {
        if (!_entries.TryGetValue(keys.CallCount(member), out var entry))
        {
            return new IdleMember(member, null, null, IdleMember.NoCount);
        }

        var age = entry.HeardAt is { } heard ? timeProvider.GetElapsedTime(heard) : (TimeSpan?)null;
        var unknown = entry.Count is not { } count ? $"its count cannot be used: {SafeText.Shorten(entry.Error!, ProxyTrouble.MostTextLength)}"
            : count.Calls is null ? count.ToString()
            : age is null ? $"nobody knows how old its last count is: {count}"
            : age > Limit ? $"its last count is old: {count}"
            : null;
        return new IdleMember(member, entry.Count, age, unknown)
        {
            IsIdle = unknown is null && entry is { HeardAt: { } last, IdleSince: { } since } && timeProvider.GetElapsedTime(since, last) >= Settling,
        };
    }

    private void Put(Mvccpb.KeyValue pair, bool isNews)
    {
        var key = pair.Key.ToStringUtf8();
        var before = _entries.GetValueOrDefault(key);
        if (before?.ModRevision == pair.ModRevision)
        {
            return;
        }

        CallCountRecord.TryRead(pair.Value.Memory, out var count, out var error);
        var now = timeProvider.GetTimestamp();

        // Where none came for long there may have been calls in between.
        var isGap = before?.HeardAt is not { } last || timeProvider.GetElapsedTime(last, now) > Limit;
        long? idleSince = !isNews || count?.IsIdle != true ? null : isGap ? now : before!.IdleSince ?? now;
        _entries[key] = new Entry(count, error, pair.ModRevision) { HeardAt = isNews ? now : null, IdleSince = idleSince };
    }

    /// <param name="Count">What was counted; null where that cannot be used.</param>
    /// <param name="Error">Why not.</param>
    /// <param name="ModRevision">The store's revision of it.</param>
    private sealed record Entry(CallCount? Count, string? Error, long ModRevision)
    {
        /// <summary>When it came, a timestamp; null of what stood there before anybody watched.</summary>
        public long? HeardAt { get; init; }

        /// <summary>Since when each count has said that nothing is up, a timestamp; null where the last one does not, or came before it counts.</summary>
        public long? IdleSince { get; init; }
    }
}
