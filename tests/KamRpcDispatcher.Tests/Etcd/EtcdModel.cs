using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>What etcd holds: keys, and leases that end when nobody renews them.</summary>
internal sealed class EtcdModel
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ByteString, Mvccpb.KeyValue> _keys = [];
    private readonly Dictionary<long, (TimeSpan Ttl, long Renewed)> _leases = [];
    private readonly List<Mvccpb.Event> _events = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _revision = 1;
    private long _granted;
    private int _lapsed;

    /// <summary>How often another leader was elected.</summary>
    public ulong Term { get; set; } = 1;

    /// <summary>How many keys went with a lease that ended because it was not renewed.</summary>
    public int Lapsed => Locked(() => _lapsed);

    /// <summary>The lease of each key.</summary>
    public IReadOnlyList<long> KeyLeases => Locked(() => _keys.Values.Select(static pair => pair.Lease).ToList());

    public IReadOnlyList<long> Leases => Locked(() => _leases.Keys.ToList());

    /// <summary>Of the store as it is now.</summary>
    public ResponseHeader Header => Locked(NewHeader);

    /// <summary>Writes a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="lease">Its lease, which nobody need have granted and which does not end then; 0 for none.</param>
    /// <returns>The revision of that.</returns>
    public long Put(string key, string value, long lease = 0) => Locked(() =>
    {
        _revision++;
        Put(new PutRequest { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value), Lease = lease });
        return _revision;
    });

    /// <returns>The revision of that.</returns>
    public long Delete(string key) => Locked(() =>
    {
        _revision++;
        Remove(ByteString.CopyFromUtf8(key));
        return _revision;
    });

    /// <summary>What happened to the keys of a watch from a revision on, and what completes when more does.</summary>
    public (IReadOnlyList<Mvccpb.Event> Events, Task Changed) EventsFrom(long revision, WatchCreateRequest watch) => Locked(() =>
        ((IReadOnlyList<Mvccpb.Event>)_events.FindAll(one => one.Kv.ModRevision >= revision && IsWithin(one.Kv.Key, watch.Key, watch.RangeEnd)), (Task)_changed.Task));

    public IMessage Answer(IMessage request) => Locked<IMessage>(() => request switch
    {
        RangeRequest range => Range(range),
        TxnRequest transaction => Transact(transaction),
        LeaseGrantRequest grant => Grant(grant),
        LeaseRevokeRequest revoke => Revoke(revoke),
        LeaseKeepAliveRequest renewal => Renew(renewal),
        LeaseTimeToLiveRequest question => Tell(question),
        _ => throw new RpcException(new Status(StatusCode.Unimplemented, request.Descriptor.Name)),
    });

    private T Locked<T>(Func<T> work)
    {
        lock (_lock)
        {
            foreach (var (lease, _) in _leases.Where(static lease => Stopwatch.GetElapsedTime(lease.Value.Renewed) > lease.Value.Ttl).ToList())
            {
                _lapsed += End(lease);
            }

            return work();
        }
    }

    private ResponseHeader NewHeader() => new() { ClusterId = 1, Revision = _revision, RaftTerm = Term };

    private int End(long lease)
    {
        _leases.Remove(lease);
        var keys = _keys.Values.Where(pair => pair.Lease == lease).Select(static pair => pair.Key).ToList();
        _revision++;
        keys.ForEach(Remove);
        return keys.Count;
    }

    private LeaseGrantResponse Grant(LeaseGrantRequest request)
    {
        _leases[++_granted] = (TimeSpan.FromSeconds(request.TTL), Stopwatch.GetTimestamp());
        return new LeaseGrantResponse { Header = NewHeader(), ID = _granted, TTL = request.TTL };
    }

    private LeaseRevokeResponse Revoke(LeaseRevokeRequest request)
    {
        if (!_leases.ContainsKey(request.ID))
        {
            throw NoLease();
        }

        End(request.ID);
        return new LeaseRevokeResponse { Header = NewHeader() };
    }

    private LeaseKeepAliveResponse Renew(LeaseKeepAliveRequest request)
    {
        var answer = new LeaseKeepAliveResponse { Header = NewHeader(), ID = request.ID };
        if (_leases.TryGetValue(request.ID, out var lease))
        {
            _leases[request.ID] = lease with { Renewed = Stopwatch.GetTimestamp() };
            answer.TTL = (long)lease.Ttl.TotalSeconds;
        }

        return answer;
    }

    private LeaseTimeToLiveResponse Tell(LeaseTimeToLiveRequest request) => new()
    {
        Header = NewHeader(),
        ID = request.ID,
        TTL = _leases.ContainsKey(request.ID) ? 1 : -1,
        Keys = { _keys.Values.Where(pair => pair.Lease == request.ID).Select(static pair => pair.Key) },
    };

    private RangeResponse Range(RangeRequest request)
    {
        var found = At(request.Revision).Where(pair => IsWithin(pair.Key, request.Key, request.RangeEnd)).OrderBy(pair => request.SortTarget == RangeRequest.Types.SortTarget.Create ? pair.CreateRevision : 0)
            .ThenBy(static pair => pair.Key.ToStringUtf8(), StringComparer.Ordinal).ToList();
        IEnumerable<Mvccpb.KeyValue> page = request.CountOnly ? [] : request.Limit > 0 ? found.Take((int)request.Limit) : found;
        return new RangeResponse { Header = NewHeader(), Kvs = { page.Select(static pair => pair.Clone()) }, Count = found.Count, More = !request.CountOnly && request.Limit > 0 && found.Count > request.Limit };
    }

    /// <summary>All keys as they were at a revision, 0 for now.</summary>
    private IEnumerable<Mvccpb.KeyValue> At(long revision) => revision == 0 ? _keys.Values
        : _events.Where(one => one.Kv.ModRevision <= revision).GroupBy(static one => one.Kv.Key).Select(static key => key.Last()).Where(static one => one.Type == Mvccpb.Event.Types.EventType.Put).Select(static one => one.Kv);

    private static bool IsWithin(ByteString key, ByteString first, ByteString end) => end.IsEmpty
        ? key == first
        : key.Span.SequenceCompareTo(first.Span) >= 0 && key.Span.SequenceCompareTo(end.Span) < 0;

    private TxnResponse Transact(TxnRequest request)
    {
        var succeeded = request.Compare.All(compare => compare.RangeEnd.IsEmpty
            ? Holds(compare, _keys.GetValueOrDefault(compare.Key))
            : _keys.Values.Where(pair => IsWithin(pair.Key, compare.Key, compare.RangeEnd)).All(pair => Holds(compare, pair)));
        var operations = succeeded ? request.Success : request.Failure;
        if (operations.Any(operation => operation.RequestPut is { Lease: not 0 } put && !_leases.ContainsKey(put.Lease)))
        {
            throw NoLease();
        }

        if (operations.Any(static operation => operation.RequestRange is null))
        {
            _revision++;
        }

        return new TxnResponse { Succeeded = succeeded, Responses = { operations.Select(Carry).ToList() }, Header = NewHeader() };
    }

    private ResponseOp Carry(RequestOp operation)
    {
        if (operation.RequestRange is { } range)
        {
            return new ResponseOp { ResponseRange = Range(range) };
        }

        if (operation.RequestDeleteRange is { } delete)
        {
            Remove(delete.Key);
            return new ResponseOp { ResponseDeleteRange = new DeleteRangeResponse() };
        }

        Put(operation.RequestPut);
        return new ResponseOp { ResponsePut = new PutResponse() };
    }

    private void Put(PutRequest put)
    {
        var before = _keys.GetValueOrDefault(put.Key);
        var pair = new Mvccpb.KeyValue
        {
            Key = put.Key,
            Value = put.IgnoreValue ? before!.Value : put.Value,
            Lease = put.IgnoreLease ? before!.Lease : put.Lease,
            CreateRevision = before?.CreateRevision ?? _revision,
            ModRevision = _revision,
        };
        _keys[put.Key] = pair;
        Happened(new Mvccpb.Event { Type = Mvccpb.Event.Types.EventType.Put, Kv = pair.Clone() });
    }

    private void Remove(ByteString key)
    {
        if (_keys.Remove(key))
        {
            Happened(new Mvccpb.Event { Type = Mvccpb.Event.Types.EventType.Delete, Kv = new Mvccpb.KeyValue { Key = key, ModRevision = _revision } });
        }
    }

    private void Happened(Mvccpb.Event change)
    {
        _events.Add(change);
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }

    /// <summary>What stands under a key, null for nothing.</summary>
    public string? Value(string key) => Locked(() => _keys.GetValueOrDefault(ByteString.CopyFromUtf8(key))?.Value.ToStringUtf8());

    private static bool Holds(Compare compare, Mvccpb.KeyValue? found) => compare.Target switch
    {
        Compare.Types.CompareTarget.Mod when compare.Result == Compare.Types.CompareResult.Less => (found?.ModRevision ?? 0) < compare.ModRevision,
        Compare.Types.CompareTarget.Mod => compare.ModRevision == (found?.ModRevision ?? 0),
        Compare.Types.CompareTarget.Create => compare.CreateRevision == (found?.CreateRevision ?? 0),
        Compare.Types.CompareTarget.Value => found is not null && compare.Value == found.Value,
        Compare.Types.CompareTarget.Lease => compare.Lease == (found?.Lease ?? 0),
        _ => throw new RpcException(new Status(StatusCode.Unimplemented, compare.Target.ToString())),
    };

    private static RpcException NoLease() => new(new Status(StatusCode.NotFound, "etcdserver: requested lease not found"));
}
