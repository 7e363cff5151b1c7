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

    public void Delete(string key) => Locked(() => _keys.Remove(ByteString.CopyFromUtf8(key)));

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

    private ResponseHeader Header() => new() { ClusterId = 1, Revision = _revision, RaftTerm = Term };

    private int End(long lease)
    {
        _leases.Remove(lease);
        var keys = _keys.Values.Where(pair => pair.Lease == lease).Select(static pair => pair.Key).ToList();
        keys.ForEach(key => _keys.Remove(key));
        _revision++;
        return keys.Count;
    }

    private LeaseGrantResponse Grant(LeaseGrantRequest request)
    {
        _leases[++_granted] = (TimeSpan.FromSeconds(request.TTL), Stopwatch.GetTimestamp());
        return new LeaseGrantResponse { Header = Header(), ID = _granted, TTL = request.TTL };
    }

    private LeaseRevokeResponse Revoke(LeaseRevokeRequest request)
    {
        if (!_leases.ContainsKey(request.ID))
        {
            throw NoLease();
        }

        End(request.ID);
        return new LeaseRevokeResponse { Header = Header() };
    }

    private LeaseKeepAliveResponse Renew(LeaseKeepAliveRequest request)
    {
        var answer = new LeaseKeepAliveResponse { Header = Header(), ID = request.ID };
        if (_leases.TryGetValue(request.ID, out var lease))
        {
            _leases[request.ID] = lease with { Renewed = Stopwatch.GetTimestamp() };
            answer.TTL = (long)lease.Ttl.TotalSeconds;
        }

        return answer;
    }

    private LeaseTimeToLiveResponse Tell(LeaseTimeToLiveRequest request) => new()
    {
        Header = Header(),
        ID = request.ID,
        TTL = _leases.ContainsKey(request.ID) ? 1 : -1,
        Keys = { _keys.Values.Where(pair => pair.Lease == request.ID).Select(static pair => pair.Key) },
    };

    private RangeResponse Range(RangeRequest request) => new()
    {
        Header = Header(),
        Kvs = { request.RangeEnd.IsEmpty ? _keys.TryGetValue(request.Key, out var found) ? [found.Clone()] : [] : Between(request.Key, request.RangeEnd) },
    };

    private List<Mvccpb.KeyValue> Between(ByteString first, ByteString end) =>
    [
        .. _keys.Values.Where(pair => pair.Key.Span.SequenceCompareTo(first.Span) >= 0 && pair.Key.Span.SequenceCompareTo(end.Span) < 0)
            .OrderBy(static pair => pair.Key.ToStringUtf8(), StringComparer.Ordinal).Select(static pair => pair.Clone()),
    ];

    private TxnResponse Transact(TxnRequest request)
    {
        var succeeded = request.Compare.All(compare => Holds(compare, _keys.GetValueOrDefault(compare.Key)));
        var operations = succeeded ? request.Success : request.Failure;
        if (operations.Any(operation => operation.RequestPut is { Lease: not 0 } put && !_leases.ContainsKey(put.Lease)))
        {
            throw NoLease();
        }

        if (operations.Any(static operation => operation.RequestRange is null))
        {
            _revision++;
        }

        return new TxnResponse { Succeeded = succeeded, Responses = { operations.Select(Carry).ToList() }, Header = Header() };
    }

    private ResponseOp Carry(RequestOp operation)
    {
        if (operation.RequestRange is { } range)
        {
            return new ResponseOp { ResponseRange = Range(range) };
        }

        if (operation.RequestDeleteRange is { } delete)
        {
            _keys.Remove(delete.Key);
            return new ResponseOp { ResponseDeleteRange = new DeleteRangeResponse() };
        }

        var put = operation.RequestPut;
        var before = _keys.GetValueOrDefault(put.Key);
        _keys[put.Key] = new Mvccpb.KeyValue
        {
            Key = put.Key,
            Value = put.IgnoreValue ? before!.Value : put.Value,
            Lease = put.IgnoreLease ? before!.Lease : put.Lease,
            ModRevision = _revision,
        };
        return new ResponseOp { ResponsePut = new PutResponse() };
    }

    private static bool Holds(Compare compare, Mvccpb.KeyValue? found) => compare.Target switch
    {
        Compare.Types.CompareTarget.Mod => compare.ModRevision == (found?.ModRevision ?? 0),
        Compare.Types.CompareTarget.Lease => compare.Lease == (found?.Lease ?? 0),
        _ => throw new RpcException(new Status(StatusCode.Unimplemented, compare.Target.ToString())),
    };

    private static RpcException NoLease() => new(new Status(StatusCode.NotFound, "etcdserver: requested lease not found"));
}
