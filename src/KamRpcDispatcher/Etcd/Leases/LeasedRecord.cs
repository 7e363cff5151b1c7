using Google.Protobuf;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>One key of ours among those that a <see cref="LeaseKeeper"/> holds under its lease.</summary>
internal sealed class LeasedRecord
{
    private readonly Func<ReadOnlyMemory<byte>, bool> _mayTakeOver;
    private readonly Action _updated;
    private readonly RecordLog _log;
    private readonly bool _takesBack;
    private volatile bool _takesCallsAway;
    private volatile ByteString? _inherited;
    private volatile ByteString? _successor;
    private volatile ByteString _value = ByteString.Empty;
    private ByteString _written = ByteString.Empty;
    private volatile Standing _standing = Standing.Unknown;
    private volatile Exception? _refusal;
    private volatile bool _isUnreadable;
    private long _modRevision;
    private bool _maySupersede = true;

    /// <param name="name">The key.</param>
    /// <param name="farewell">What is written before the key is deleted, null for nothing: a lease that ends does not say so.</param>
    /// <param name="mayTakeOver">Whether a value found under the key, held by another lease, is ours from an earlier life.</param>
    /// <param name="updated">Called when there is a new value.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="takesBack">Whether it may be taken over from who took it from us too.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public LeasedRecord(
        string name, byte[]? farewell, Func<ReadOnlyMemory<byte>, bool> mayTakeOver, Action updated, ILogger logger, bool takesBack = false, TimeProvider? timeProvider = null)
    {
        _takesBack = takesBack;
        Name = name;
        Key = ByteString.CopyFromUtf8(name);
        Farewell = farewell is null ? null : ByteString.CopyFrom(farewell);
        _mayTakeOver = mayTakeOver;
        _updated = updated;
        _log = new RecordLog(name, timeProvider ?? TimeProvider.System, logger);
    }

    private enum Standing
    {
        /// <summary>What stands there has to be read.</summary>
        Unknown,

        /// <summary>Absent, or ours from an earlier life: to be written.</summary>
        Free,

        /// <summary>Under our lease.</summary>
        Held,

        /// <summary>Somebody else's.</summary>
        Occupied,
    }

    public string Name { get; }

    public ByteString Key { get; }

    public ByteString? Farewell { get; }

    /// <summary>The revision of what stands there, 0 for nothing.</summary>
    public long ModRevision
    {
        get => Interlocked.Read(ref _modRevision);
        private set => Interlocked.Exchange(ref _modRevision, value);
    }

    public bool IsHeld => _standing == Standing.Held;

    /// <summary>What stands there under our lease; null for nothing.</summary>
    public HeldKey? Held => IsHeld ? new HeldKey(Name, _written, ModRevision) : null;

    public bool IsOccupied => _standing == Standing.Occupied;

    public bool IsUnknown => _standing == Standing.Unknown;

    /// <summary>Whether there is something to write, and nothing known that stands against it.</summary>
    public bool IsDue => !_value.IsEmpty && (_standing == Standing.Free || (IsHeld && !_value.Equals(_written)));

    /// <summary>Whether there is a value, and the key is held with it.</summary>
    public bool IsWritten => !_value.IsEmpty && IsHeld && _value.Equals(_written);

    /// <summary>Whether nothing is left to do: the value is written, or there is none, or the key is somebody else's, or etcd lets nothing be written there.</summary>
    public bool IsSettled => IsWritten || IsOccupied || (_value.IsEmpty && !(IsUnknown && _successor is not null)) || (IsRefused && !IsHeld);

    /// <summary>Why etcd does not let this key be read, or written; null while nothing is known against it.</summary>
    public Exception? Refusal => _refusal;

    /// <summary>Whether etcd refuses what is to be done there: it may not be read, or what is due may not be written.</summary>
    public bool IsRefused => _refusal is not null && (IsUnreadable || IsDue);

    /// <summary>Whether it may not even be read, so that nothing is known of it.</summary>
    public bool IsUnreadable => _isUnreadable;

    /// <summary>When it was refused last.</summary>
    public long RefusedAt { get; private set; }

    /// <summary>Whether what stands there sends calls to a server that is to get none.</summary>
    public bool IsHarmful => _takesCallsAway && IsHeld && IsDue;

    /// <summary>Sets the value, which is written as soon as the key is held; until the first one the key is left alone.</summary>
    /// <param name="value">The value.</param>
    /// <param name="takesCallsAway">Whether it says that a server is to get no calls.</param>
    public void Update(byte[] value, bool takesCallsAway = false)
    {
        _takesCallsAway = takesCallsAway;
        _value = ByteString.CopyFrom(value);
        _updated();
    }

    /// <summary>Whether what stands there, or stood there when it was taken over, is of an earlier life of ours.</summary>
    public bool IsInherited => _inherited is not null;

    /// <summary>Goes on with what an earlier life of ours wrote, as long as there is no value of this one.</summary>
    public void Inherit()
    {
        if (_value.IsEmpty && _inherited is { } value)
        {
            _value = value;
            _updated();
        }
    }

    /// <summary>Sets a value that takes calls away from what an earlier life of ours has written, or is found to have written: where nothing stands, nothing is written.</summary>
    /// <param name="value">The value; null for the one that was inherited.</param>
    public void Succeed(byte[]? value)
    {
        _successor = value is null ? null : ByteString.CopyFrom(value);
        if (_inherited is { } inherited)
        {
            _takesCallsAway = value is not null;
            _value = _successor ?? inherited;
        }

        _updated();
    }

    /// <summary>etcd refuses this key.</summary>
    public void Refuse(Exception refusal, bool isReading, long now)
    {
        RefusedAt = now;
        _isUnreadable = isReading;
        _refusal = refusal;
    }

    public KeyWrite Write() => new(Key, _value, ModRevision);

    /// <summary>The write was done.</summary>
    public void Written(ByteString value, long revision, long lease)
    {
        if (!IsHeld)
        {
            _log.Claimed(lease);
        }

        _standing = Standing.Held;
        _written = value;
        ModRevision = revision;
        Allow();
    }

    /// <summary>The lease has ended, and the key with it, unless somebody took it meanwhile.</summary>
    public void LeaseEnded() => _standing = Standing.Unknown;

    /// <summary>What was found under the key.</summary>
    /// <param name="found">Null for nothing.</param>
    /// <param name="withValue">Whether the value was read too.</param>
    /// <param name="lease">Our lease, 0 for none.</param>
    public void See(Mvccpb.KeyValue? found, bool withValue, long lease)
    {
        if (IsUnreadable)
        {
            Allow();
        }

        if (IsHeld && found?.Lease != lease)
        {
            Lose(found);
        }

        var revision = found?.ModRevision ?? 0;
        if (found is not null && found.Lease != 0 && found.Lease == lease)
        {
            // A write of ours whose answer was lost, or of somebody under our lease: written again if it is not what it should be.
            if (revision != ModRevision || !IsHeld)
            {
                _written = withValue ? found.Value : ByteString.Empty;
            }

            _standing = Standing.Held;
            ModRevision = revision;
        }
        else if (found is null)
        {
            _standing = Standing.Free;
            ModRevision = 0;
        }
        else if (withValue)
        {
            SeeOther(found);
        }
    }

    private void Allow()
    {
        _refusal = null;
        _isUnreadable = false;
    }

    private void Lose(Mvccpb.KeyValue? found)
    {
        _standing = Standing.Unknown;
        if (found is null)
        {
            _log.Deleted();
            return;
        }

        // Two holders that took it from one another in turn would never end: the first one gives in.
        _log.Superseded();
        _maySupersede = _takesBack;
    }

    /// <summary>What has no lease an operator wrote.</summary>
    private void SeeOther(Mvccpb.KeyValue found)
    {
        if (found.Lease != 0 && _maySupersede && _mayTakeOver(found.Value.Memory))
        {
            _standing = Standing.Free;
            ModRevision = found.ModRevision;
            _inherited = found.Value;
            if (_value.IsEmpty && _successor is { } successor)
            {
                _takesCallsAway = true;
                _value = successor;
            }

            return;
        }

        _log.Occupied(found.Value.ToStringUtf8(), isFirst: !IsOccupied);
        _standing = Standing.Occupied;
    }
}
