using Etcdserverpb;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Operators;

/// <summary>What has been read of operators' intents so far, and of which store. A record that cannot be used does not displace the last usable one.</summary>
/// <param name="keys">Where the cluster's records are.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class IntentState(EtcdKeys keys, TimeProvider timeProvider, ILogger logger) : IOperatorKeys
{
    private const int LongestKeyShown = 256;

    /// <summary>Of the drains that a store lacks so many are named.</summary>
    private const int MostNamed = 5;

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly RejectionCount _rejections = new(timeProvider);

    /// <summary>Where two stores answer in turn under one address, each lacks what the other one has.</summary>
    private readonly LogLimit _losses = new(timeProvider);
    private readonly Lock _lock = new();
    private Membership? _saved;
    private OperatorIntents? _current;
    private bool _isStale;
    private bool _isFollowed;
    private bool _isReplaced;
    private ulong _clusterId;
    private ulong _term;

    /// <summary>The newest intents; null until they have been listed, or <see cref="Refused"/>.</summary>
    public OperatorIntents? Current
    {
        get
        {
            lock (_lock)
            {
                if (_isStale)
                {
                    _current = new OperatorIntents(
                        Revision,
                        OfMembers().ToDictionary(static intent => intent.Key),
                        [.. _entries.Values.Select(static entry => entry.Rejected).OfType<RejectedRecord>()])
                    {
                        ByProxy = _entries.Values.Where(static entry => entry is { Proxy: not null, InForce: not null }).ToDictionary(static entry => entry.Proxy!, static entry => entry.InForce!, StringComparer.Ordinal),
                        IsFollowed = _isFollowed,
                        IsRefused = !_isFollowed,
                    };
                    _isStale = false;
                }

                return _current;
            }
        }
    }

    public long Revision { get; private set; }

    /// <summary>Nobody's expiry depends on it.</summary>
    public bool IsDoubting => false;

    public ((string Key, long Revision, ReadOnlyMemory<byte> Value)? Newest, int Count) Newest
    {
        get
        {
            lock (_lock)
            {
                var (key, entry) = _entries.Count > 0 ? _entries.MaxBy(static pair => pair.Value.ModifiedRevision) : default;
                (string, long, ReadOnlyMemory<byte>)? newest = key is null ? null : (key, entry.ModifiedRevision, entry.Value);
                return (newest, _entries.Count);
            }
        }
    }

    /// <summary>
    /// Takes the intents of a membership of before as the last usable ones, if the first listing is of that store, and if they are of the same keys. Until then they are not
    /// in force here.
    /// </summary>
    public void Seed(Membership before)
    {
        lock (_lock)
        {
            _saved = before;
        }
    }

    /// <summary>The store turned out to be another one, or to be restored: the next listing is compared with what was known.</summary>
    public void Replaced()
    {
        lock (_lock)
        {
            _isReplaced = true;
        }
    }

    public bool IsAnother(ResponseHeader header) => header.ClusterId != _clusterId || header.Revision < Revision || header.RaftTerm < _term;

    public void Follow(ResponseHeader header) => _term = Math.Max(_term, header.RaftTerm);

    public void Replace(KeyListing listed, bool wasAway)
    {
        lock (_lock)
        {
            var lost = LostUnlessListed(listed);
            (_clusterId, _term, _isFollowed) = (listed.Header.ClusterId, listed.Header.RaftTerm, true);
            foreach (var pair in listed.Keys)
            {
                Put(pair);
            }

            var present = listed.Keys.Select(static pair => pair.Key.ToStringUtf8()).ToHashSet(StringComparer.Ordinal);
            foreach (var gone in _entries.Keys.Where(key => !present.Contains(key)).ToList())
            {
                _entries.Remove(gone);
            }

            lost.RemoveAll(member => _entries.TryGetValue(keys.Intent(member), out var entry) && entry.InForce is { IsDrained: true });
            if (lost.Count > 0 && _losses.Allows())
            {
                OperatorLog.DrainsLost(logger, lost.Count, Names(lost));
            }
        }

        Publish(listed.Revision);
    }

    public bool Hear(bool wasAway) => false;

    public void Apply(IEnumerable<Mvccpb.Event> events)
    {
        lock (_lock)
        {
            foreach (var change in events)
            {
                if (change.Type == Mvccpb.Event.Types.EventType.Put)
                {
                    Put(change.Kv);
                }
                else
                {
                    _entries.Remove(change.Kv.Key.ToStringUtf8());
                }
            }
        }
    }

    public void Publish(long revision)
    {
        lock (_lock)
        {
            Revision = revision;
            _isStale = true;
        }
    }

    /// <summary>The store does not let them be read, or does so again: those that are known stay in force either way.</summary>
    public void Refused(bool isRefused)
    {
        lock (_lock)
        {
            _isFollowed = !isRefused;
            _isStale = true;
        }
    }

    /// <summary>Whom operators drained in another store, or in this one before it was restored; nobody where it is the one that it was. What was saved of this one is known from now on.</summary>
    private List<MemberKey> LostUnlessListed(KeyListing listed)
    {
        var isAnother = _isReplaced || (Revision > 0 && IsAnother(listed.Header));
        var before = OfMembers().ToList();
        if (_saved is { Intents: { } intents, Store: { } store } saved)
        {
            before = [.. intents.ByMember.Values];
            isAnother = store.ClusterId != listed.Header.ClusterId || listed.Revision < saved.Revision;
            foreach (var intent in before.Where(intent => store.ClusterId == listed.Header.ClusterId && intent.CreatedRevision > 0))
            {
                _entries[keys.Intent(intent.Key)] = new Entry(intent, null, intent.CreatedRevision, 0, default);
            }

            foreach (var (proxy, intent) in intents.ByProxy.Where(one => store.ClusterId == listed.Header.ClusterId && one.Value.CreatedRevision > 0))
            {
                _entries[keys.ProxyIntent(proxy)] = new Entry(intent, null, intent.CreatedRevision, 0, default) { Proxy = proxy };
            }
        }

        (_saved, _isReplaced) = (null, false);
        return isAnother ? [.. before.Where(static intent => intent.IsDrained).Select(static intent => intent.Key).Order()] : [];
    }

    private IEnumerable<Intent> OfMembers() => _entries.Values.Where(static entry => entry.Proxy is null).Select(static entry => entry.InForce).OfType<Intent>();

    private static string Names(List<MemberKey> members) =>
        string.Join(", ", members.Take(MostNamed).Select(static member => FormattableString.Invariant($"{member.Name} of set {member.Set}"))) + (members.Count > MostNamed ? FormattableString.Invariant($" and {members.Count - MostNamed} more") : string.Empty);

    private void Put(Mvccpb.KeyValue pair)
    {
        var key = pair.Key.ToStringUtf8();
        var isKnown = _entries.TryGetValue(key, out var known);
        if (isKnown && known.ModifiedRevision == pair.ModRevision && known.Value.Span.SequenceEqual(pair.Value.Span))
        {
            // In a store that was restored from a backup a revision comes again, with another value.
            return;
        }

        var isMembers = keys.TryParseIntent(key, out var member, out var error);
        var proxy = !isMembers && key.StartsWith(keys.ProxyIntents, StringComparison.Ordinal) && keys.TryParseProxyIntent(key, out var name, out error) ? name : null;
        var entry = new Entry(null, null, pair.CreateRevision, pair.ModRevision, pair.Value.Memory) { Proxy = proxy };
        if ((isMembers || proxy is not null) && IntentRecord.TryRead(member, pair.Value.Memory, out var intent, out error))
        {
            _entries[key] = entry with { InForce = intent with { CreatedRevision = pair.CreateRevision } };
            return;
        }

        // A key that was deleted and written again is another wish: nothing of the earlier one stays.
        var lastGood = isKnown && known.CreatedRevision == pair.CreateRevision ? known.InForce : null;
        var rejected = new RejectedRecord(SafeText.Shorten(key, LongestKeyShown), error!, lastGood is not null) { Member = isMembers ? member : null };
        _entries[key] = entry with { InForce = lastGood, Rejected = rejected };
        if (_rejections.Count(key) is { } times && (times == 0 || int.IsPow2(times)))
        {
            OperatorLog.IntentRejected(logger, rejected.Key, Math.Max(1, times), rejected.Reason, rejected.Consequence);
        }
    }

    /// <param name="InForce">The last usable record; null for none.</param>
    /// <param name="Rejected">The record, where it cannot be used.</param>
    /// <param name="CreatedRevision">The revision that created the key.</param>
    /// <param name="ModifiedRevision">The revision of the record; 0 of one that was saved.</param>
    /// <param name="Value">The record as it was written; empty of one that was saved.</param>
    private readonly record struct Entry(Intent? InForce, RejectedRecord? Rejected, long CreatedRevision, long ModifiedRevision, ReadOnlyMemory<byte> Value)
    {
        /// <summary>The proxy that it concerns; null where it is a member's, or nobody's.</summary>
        public string? Proxy { get; init; }
    }
}
