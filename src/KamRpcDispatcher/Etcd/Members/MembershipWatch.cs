using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>Follows the members in etcd, by a <see cref="KeyWatch"/>.</summary>
/// <remarks>
/// An outage changes nothing: members leave on a delete or expiry event, or when a complete listing lacks them, never on silence.
/// </remarks>
internal sealed class MembershipWatch : IMemberOrigin
{
    private readonly MembershipState _state;
    private readonly MembershipWatchLog _log;
    private readonly KeyWatch _watch;
    private readonly ILogger _logger;
    private Action _changed = static () => { };

    /// <param name="store">The connection.</param>
    /// <param name="keys">Where the cluster's records are.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="intents">What operators wish by what has been read of that so far; null where nobody asks.</param>
    public MembershipWatch(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger<MembershipWatch> logger, Func<OperatorIntents?>? intents = null)
    {
        _state = new MembershipState(keys, store.Endpoints.ToString(), timeProvider, logger, intents ?? (static () => null));
        _log = new MembershipWatchLog(store.Endpoints, keys.Members, timeProvider, logger);
        _watch = new KeyWatch(store, keys.Members, "the watch of the members", _state, _log, timeProvider, logger);
        _logger = logger;
    }

    public Membership? Current => _state.Current;

    /// <inheritdoc cref="MembershipWatchLog.Away"/>
    public StoreOutage? Away => _log.Away;

    /// <inheritdoc cref="MembershipWatchLog.HeardAgo"/>
    public TimeSpan? HeardAgo => _log.HeardAgo;

    /// <summary>
    /// Takes a membership of before as what was known last. Whether it is of the store that answers turns out with the first listing. Only before
    /// <see cref="RunAsync"/>.
    /// </summary>
    public void Seed(Membership before) => _state.Seed(before);

    /// <summary>
    /// Takes members that a proxy's list shows, as getting calls, as known before too: who of them is missing has expired while nobody watched. Only once there is
    /// a <see cref="Current"/>.
    /// </summary>
    /// <returns>Whether somebody is missing.</returns>
    public bool SeedListed(IReadOnlyList<Member> listed)
    {
        var missing = _state.SeedListed(listed);
        if (missing == 0)
        {
            return false;
        }

        EtcdLog.ListedMissing(_logger, missing);
        _changed();
        return true;
    }

    public Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        _changed = changed;
        return _watch.RunAsync(changed, cancellationToken);
    }
}
