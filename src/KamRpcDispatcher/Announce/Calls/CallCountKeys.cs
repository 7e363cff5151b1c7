using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Announce.Calls;

/// <summary>The keys that say how many calls are up on some members, for as long as these are drained. They are deleted in the end, or end with their lease.</summary>
/// <remarks>
/// A lease of their own: what etcd refuses of these keys is no concern of the members' own. Outages of etcd are told of those, so that nothing is logged here.
/// </remarks>
internal sealed class CallCountKeys : IAsyncDisposable
{
    private readonly LeaseKeeper _keeper;
    private readonly IReadOnlyList<LeasedRecord> _records;
    private readonly CancellationTokenSource _life = new();
    private readonly Task _holding;

    /// <param name="store">The connection.</param>
    /// <param name="keys">Where the cluster's records are.</param>
    /// <param name="members">Whose calls they are; at least one.</param>
    /// <param name="ttl">How long they outlive an announcer that is killed.</param>
    /// <param name="timeProvider">The clock.</param>
    public CallCountKeys(EtcdConnection store, EtcdKeys keys, IReadOnlyList<MemberKey> members, TimeSpan ttl, TimeProvider timeProvider)
    {
        Members = members;
        _keeper = new LeaseKeeper(store, ttl, timeProvider, NullLogger.Instance);

        // Whoever has the member's key counts its calls: what stands there is of an earlier life.
        _records = [.. members.Select(member => _keeper.Add(keys.CallCount(member), farewell: null, static _ => true))];
        _holding = _keeper.RunAsync(static _ => { }, _life.Token);
    }

    public IReadOnlyList<MemberKey> Members { get; }

    /// <summary>Why they cannot be written, in one line; null where nothing is known against it.</summary>
    public string? Trouble => _keeper.Refused is { } refused ? $"etcd refuses {refused}"
        : _keeper.Occupied is { } occupied ? $"{occupied} is held by somebody else"
        : null;

    /// <summary>Whether all are as they were set last.</summary>
    public bool AreWritten => _records.All(static record => record.IsWritten);

    /// <summary>Has the count written to each of them.</summary>
    public void Set(CallCount count)
    {
        var value = CallCountRecord.Write(count);
        foreach (var record in _records)
        {
            record.Update(value);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _holding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _life.Dispose();
    }
}
