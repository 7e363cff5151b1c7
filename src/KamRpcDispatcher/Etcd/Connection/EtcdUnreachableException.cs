using Grpc.Core;
using KamailioRpc;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>etcd did not answer, or refused: whether a write was done is not known. Trying again may help.</summary>
public sealed class EtcdUnreachableException : ClusterUnreachableException
{
    private EtcdUnreachableException(EtcdConnection store, Exception cause)
        : base($"etcd at {store.Endpoints} {(EtcdFailure.IsRefusal(cause) ? "refuses" : "does not answer")} ({SafeText.Shorten((EtcdFailure.IsRefusal(cause) ? null : store.Stranger) ?? Reason(cause), 256)})", cause)
    {
    }

    /// <summary>Makes an outage during a call this exception, after every endpoint has been tried. The call may be made several times.</summary>
    internal static async Task<T> GuardAsync<T>(EtcdConnection store, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        for (var left = store.EndpointCount; ;)
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
            {
                // gRPC says of a call that the caller gave up that it failed.
                cancellationToken.ThrowIfCancellationRequested();
                if (--left == 0 || EtcdFailure.IsRefusal(exception))
                {
                    throw new EtcdUnreachableException(store, exception);
                }

                store.MoveOn();
            }
        }
    }

    private static string Reason(Exception cause) => cause switch
    {
        OperationCanceledException or RpcException { StatusCode: StatusCode.DeadlineExceeded } => $"nothing within {DurationText.Of(EtcdCall.Timeout)}",
        _ => EtcdFailure.Describe(cause),
    };
}
