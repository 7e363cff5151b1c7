using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Etcdserverpb;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Operators;

/// <summary>Reads the record of a set.</summary>
/// <typeparam name="T">What it is.</typeparam>
/// <param name="set">The set.</param>
/// <param name="value">The record as it is stored.</param>
/// <param name="record">What it says.</param>
/// <param name="error">Why it cannot be used.</param>
internal delegate bool SetRecordReader<T>(int set, ReadOnlyMemory<byte> value, [NotNullWhen(true)] out T? record, [NotNullWhen(false)] out string? error)
    where T : class;

/// <summary>Records of sets as far as they have been read, one key a set. A record that cannot be used does not displace the last usable one of its key.</summary>
/// <typeparam name="T">What a record says.</typeparam>
/// <param name="prefix">Below which they are.</param>
/// <param name="read">Reads one.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class SetRecords<T>(string prefix, SetRecordReader<T> read, TimeProvider timeProvider, ILogger logger) : IOperatorKeys
    where T : class
{
    private const int LongestKeyShown = 256;

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly RejectionCount _rejections = new(timeProvider);
    private readonly Lock _lock = new();
    private SetRecordsView<T>? _current;
    private bool _isStale;
    private bool _isFollowed;
    private ulong _clusterId;
    private ulong _term;

    /// <summary>The newest; null until they have been listed, or <see cref="Refused"/>. The same as long as nothing changes.</summary>
    public SetRecordsView<T>? Current
    {
        get
        {
            lock (_lock)
            {
                if (_isStale)
                {
                    _current = new SetRecordsView<T>(
                        Revision,
                        _entries.Values.Where(static entry => entry.InForce is not null).ToImmutableSortedDictionary(static entry => entry.Set, static entry => entry.InForce!),
                        [.. _entries.Values.Select(static entry => entry.Rejected).OfType<RejectedRecord>()],
                        _isFollowed);
                    _isStale = false;
                }

                return _current;
            }
        }
    }

    public long Revision { get; private set; }

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

    public bool IsAnother(ResponseHeader header) => header.ClusterId != _clusterId || header.Revision < Revision || header.RaftTerm < _term;

    public void Follow(ResponseHeader header) => _term = Math.Max(_term, header.RaftTerm);

    public void Replace(KeyListing listed, bool wasAway)
    {
        lock (_lock)
        {
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

    public void Refused(bool isRefused)
    {
        lock (_lock)
        {
            _isFollowed = !isRefused;
            _isStale = true;
        }
    }

    public void Replaced()
    {
        // The next listing says what there is: nothing that is missing there was promised to anybody.
    }

    private void Put(Mvccpb.KeyValue pair)
    {
        var key = pair.Key.ToStringUtf8();
        var isKnown = _entries.TryGetValue(key, out var known);
        if (isKnown && known.ModifiedRevision == pair.ModRevision && known.Value.Span.SequenceEqual(pair.Value.Span))
        {
            // In a store that was restored from a backup a revision comes again, with another value.
            return;
        }

        var isSet = EtcdKeys.TryParseSet(prefix, key, out var set, out var error);
        var entry = new Entry(set, null, null, pair.CreateRevision, pair.ModRevision, pair.Value.Memory);
        if (isSet && read(set, pair.Value.Memory, out var record, out error))
        {
            _entries[key] = entry with { InForce = record };
            return;
        }

        // A key that was deleted and written again is another wish: nothing of the earlier one stays.
        var lastGood = isKnown && known.CreatedRevision == pair.CreateRevision ? known.InForce : null;
        var rejected = new RejectedRecord(SafeText.Shorten(key, LongestKeyShown), error!, lastGood is not null);
        _entries[key] = entry with { InForce = lastGood, Rejected = rejected };
        if (_rejections.Count(key) is { } times && (times == 0 || int.IsPow2(times)))
        {
            OperatorLog.IntentRejected(logger, rejected.Key, Math.Max(1, times), rejected.Reason, rejected.Consequence);
        }
    }

    /// <param name="Set">Whose it is; 0 where the key names no set.</param>
    /// <param name="InForce">The last usable record; null for none.</param>
    /// <param name="Rejected">The record, where it cannot be used.</param>
    /// <param name="CreatedRevision">The revision that created the key.</param>
    /// <param name="ModifiedRevision">The revision of the record.</param>
    /// <param name="Value">The record as it was written.</param>
    private readonly record struct Entry(int Set, T? InForce, RejectedRecord? Rejected, long CreatedRevision, long ModifiedRevision, ReadOnlyMemory<byte> Value);
}

/// <summary>The records of sets at one revision.</summary>
/// <param name="Revision">The revision.</param>
/// <param name="BySet">Those in force.</param>
/// <param name="Rejected">Those that cannot be used.</param>
/// <param name="IsFollowed">Whether the store lets them be read.</param>
internal sealed record SetRecordsView<T>(long Revision, ImmutableSortedDictionary<int, T> BySet, IReadOnlyList<RejectedRecord> Rejected, bool IsFollowed);
