using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Operators;

/// <summary>Reads operators' splits, and the numbers of classes, as they are now.</summary>
/// <param name="store">The connection.</param>
/// <param name="keys">Where the cluster's records are.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ShareReader(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger<ShareReader> logger)
{
    /// <returns>The shares; none, and not followed, where etcd refuses to let them be read.</returns>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds.</exception>
    public async Task<OperatorShares> ReadAsync(CancellationToken cancellationToken)
    {
        var (splits, numbers) = ShareWatch.States(keys, timeProvider, logger);
        await ReadAsync(splits, keys.Splits, cancellationToken).ConfigureAwait(false);
        await ReadAsync(numbers, keys.Classes, cancellationToken).ConfigureAwait(false);
        return ShareWatch.Join(splits.Current!, numbers.Current!);
    }

    private Task<IOperatorKeys> ReadAsync(IOperatorKeys state, string prefix, CancellationToken cancellationToken) => EtcdUnreachableException.GuardAsync(
        store,
        async () =>
        {
            try
            {
                state.Replace(await new KeyPages(store, timeProvider).ReadAsync(prefix, cancellationToken: cancellationToken).ConfigureAwait(false), wasAway: false);
            }
            catch (Grpc.Core.RpcException refused) when (refused.StatusCode == Grpc.Core.StatusCode.PermissionDenied)
            {
                state.Refused(true);
            }

            return state;
        },
        cancellationToken);
}
