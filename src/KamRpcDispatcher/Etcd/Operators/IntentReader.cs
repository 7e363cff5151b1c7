using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Operators;

/// <summary>Reads operators' intents as they are now.</summary>
/// <param name="store">The connection.</param>
/// <param name="keys">Where the cluster's records are.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class IntentReader(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger<IntentReader> logger)
{
    /// <returns>The intents; none, and not followed, where etcd refuses to let them be read.</returns>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public Task<OperatorIntents> ReadAsync(CancellationToken cancellationToken) =>
        EtcdUnreachableException.GuardAsync(store, () => ReadOnceAsync(cancellationToken), cancellationToken);

    private async Task<OperatorIntents> ReadOnceAsync(CancellationToken cancellationToken)
    {
        var state = new IntentState(keys, timeProvider, logger);
        try
        {
            state.Replace(await new KeyPages(store, timeProvider).ReadAsync(keys.Intents, cancellationToken: cancellationToken).ConfigureAwait(false), wasAway: false);
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
        {
            state.Refused(true);
        }

        return state.Current!;
    }
}
