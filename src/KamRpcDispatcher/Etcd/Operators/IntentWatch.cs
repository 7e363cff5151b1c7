using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Operators;

/// <summary>Follows operators' intents in etcd.</summary>
internal sealed class IntentWatch : IOperatorSource<OperatorIntents>
{
    private readonly IntentState _state;
    private readonly OperatorKeyWatch _watch;

    public IntentWatch(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger<IntentWatch> logger)
    {
        _state = new IntentState(keys, timeProvider, logger);
        _watch = new OperatorKeyWatch(store, keys.Intents, "the watch of operators' intents", _state, timeProvider, logger);
    }

    public OperatorIntents? Current => _state.Current;

    /// <inheritdoc cref="IntentState.Seed"/>
    /// <remarks>Only before <see cref="RunAsync"/>.</remarks>
    public void Seed(Membership before) => _state.Seed(before);

    public Task RunAsync(Action changed, CancellationToken cancellationToken) => _watch.RunAsync(changed, cancellationToken);
}
