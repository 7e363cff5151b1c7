using Etcdserverpb;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging;

using Member = KamRpcDispatcher.Destinations.Member;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>What has been read of the members so far, and of which store: written by the watch, read by whoever plans.</summary>
internal sealed class MembershipState : IFollowedKeys
{
    private readonly EtcdKeys _keys;
    private readonly string _endpoints;
    private readonly ILogger _logger;
    private readonly Func<OperatorIntents?> _intents;
    private readonly MembershipTable _table;
    private readonly Lock _lock = new();
    private Membership? _current;
    private Membership? _saved;

    /// <summary>What operators wished when the membership was saved, unless that turned out to be of another store.</summary>
    private OperatorIntents? _wishedBefore;

    /// <summary>What they wish by either, while the first listing is compared with what was saved: when who is missing went nobody saw.</summary>
    private OperatorIntents? _wishedByEither;

    private bool _isStale;
    private ulong _clusterId;
    private ulong _term;

    /// <param name="keys">Where the cluster's records are.</param>
    /// <param name="endpoints">Where they are read.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="intents">What operators wish by what has been read of that so far; null for nothing.</param>
    public MembershipState(EtcdKeys keys, string endpoints, TimeProvider timeProvider, ILogger logger, Func<OperatorIntents?> intents)
    {
        (_keys, _endpoints, _logger, _intents) = (keys, endpoints, logger, intents);
        _table = new MembershipTable(keys, timeProvider, () => Wished);
    }

    public Membership? Current
    {
        get
        {
            lock (_lock)
            {
                if (_isStale)
                {
                    _current = _table.At(Revision) with { Store = Identity };
                    _isStale = false;
                }

                return _current;
            }
        }
    }

    public long Revision { get; private set; }

    /// <summary>Whether there is somebody whose expiry is doubted.</summary>
    public bool IsDoubting => _table.IsDoubting;

    public ((string Key, long Revision, ReadOnlyMemory<byte> Value)? Newest, int Count) Newest
    {
        get
        {
            lock (_lock)
            {
                return (_table.Newest, _table.Count);
            }
        }
    }

    private StoreIdentity Identity => new(_clusterId, _endpoints);

    /// <summary>What operators wish as far as it is known now: what was saved until the store has told it.</summary>
    private OperatorIntents? Wished => _wishedByEither ?? (_intents() is { Revision: > 0 } read ? read : _wishedBefore);

    /// <summary>Takes a membership of before as what was known last, until the first listing says whether it is of that store.</summary>
    public void Seed(Membership before)
    {
        lock (_lock)
        {
            (_saved, _wishedBefore) = (before, before.Intents);
        }
    }

    /// <inheritdoc cref="MembershipTable.SeedListed"/>
    public int SeedListed(IReadOnlyList<Member> listed)
    {
        lock (_lock)
        {
            var missing = _table.SeedListed(listed);
            _isStale |= missing > 0;
            return missing;
        }
    }

    public bool IsAnother(ResponseHeader header) => header.ClusterId != _clusterId || header.Revision < Revision || header.RaftTerm < _term;

    public void Follow(ResponseHeader header) => _term = Math.Max(_term, header.RaftTerm);

    public void Replace(KeyListing listed, bool wasAway)
    {
        lock (_lock)
        {
            if (wasAway)
            {
                _table.CameBack();
            }

            _table.Heard();
            (_clusterId, _term) = (listed.Header.ClusterId, listed.Header.RaftTerm);
            _wishedByEither = _saved is null ? null : OperatorIntents.DrainedByEither(_intents(), _wishedBefore);
            var strangers = SeedFrom(listed);
            foreach (var pair in listed.Keys)
            {
                _table.Put(pair.Key.ToStringUtf8(), pair.Value.Memory, pair.CreateRevision, pair.ModRevision, pair.Lease != 0);
            }

            _table.RetainOnly(listed.Keys.Select(static pair => pair.Key.ToStringUtf8()).ToHashSet(StringComparer.Ordinal));
            if (strangers is not null)
            {
                _table.SeedStrangers(strangers);
            }

            _wishedByEither = null;
        }

        Publish(listed.Revision);
    }

    /// <inheritdoc/>
    /// <returns>Whether somebody was doubted until now, who may be so no longer.</returns>
    public bool Hear(bool wasAway)
    {
        lock (_lock)
        {
            if (wasAway)
            {
                _table.CameBack();
            }

            var wasDoubting = _table.Heard();
            _isStale |= wasDoubting;
            return wasDoubting;
        }
    }

    public void Apply(IEnumerable<Mvccpb.Event> events)
    {
        lock (_lock)
        {
            foreach (var change in events)
            {
                var key = change.Kv.Key.ToStringUtf8();
                if (change.Type == Mvccpb.Event.Types.EventType.Put)
                {
                    _table.Put(key, change.Kv.Value.Memory, change.Kv.CreateRevision, change.Kv.ModRevision, change.Kv.Lease != 0);
                }
                else
                {
                    _table.Delete(key);
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
            foreach (var rejected in _table.TakeNewlyRejected())
            {
                var (record, times) = rejected;
                if (times == 0)
                {
                    EtcdLog.RejectedCrowd(_logger, RejectionCount.MostKeys, record.Key, record.Reason);
                }
                else if (times == 1)
                {
                    EtcdLog.Rejected(_logger, record.Key, record.Reason, record.Consequence);
                }
                else
                {
                    EtcdLog.RejectedAgain(_logger, record.Key, times, record.Reason, record.Consequence);
                }
            }

            foreach (var (key, remark) in _table.TakeNewRemarks())
            {
                EtcdLog.LeftOut(_logger, key, remark);
            }
        }
    }

    /// <summary>What was saved is what was known last before the first listing, whose store now says which it is.</summary>
    /// <returns>What was saved, as far as it is of another store, or of no etcd.</returns>
    private Membership? SeedFrom(KeyListing listed)
    {
        if (_saved is not { } saved)
        {
            return null;
        }

        _saved = null;
        var (own, others) = SavedOrigin.Divide(saved);
        if (others is not null)
        {
            List<int> sets = [.. others.Members.Select(static member => member.Key.Set).Distinct()];
            OriginLog.SetsOfAnotherSource(_logger, string.Join(", ", sets.Select(static set => FormattableString.Invariant($"{set}"))), others.OfOthers(sets, static _ => StoreOutage.Etcd));
        }

        saved = own;
        if (saved is { Members.Count: 0, Expired.Count: 0, Store: null })
        {
            // It says nothing of any etcd.
            _wishedBefore = null;
            return others;
        }

        var created = listed.Keys.ToDictionary(static pair => pair.Key.ToStringUtf8(), static pair => pair.CreateRevision, StringComparer.Ordinal);
        if (SavedOrigin.IsOf(saved, _clusterId, key => created.TryGetValue(_keys.Member(key), out var revision) ? revision : null))
        {
            _table.Seed(saved);
            return others;
        }

        _wishedBefore = null;
        SnapshotLog.SnapshotOfAnotherStore(_logger, saved.Revision, saved.Store?.ToString() ?? "an earlier version does not say which, nor whether it was etcd at all; nothing of it is there", Identity.ToString());
        return others is null ? saved : saved with { Members = [.. saved.Members, .. others.Members] };
    }
}
