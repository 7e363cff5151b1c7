using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>Waits for what may take long on a slow line: the limit is on silence, not on the whole.</summary>
internal static class PatientCall
{
    /// <summary>What has to come in a second, at least, so that something large is on its way: answers to small calls over the same connection are less.</summary>
    private const int SlowestBytesPerSecond = 2048;

    /// <summary>Waits until the task has ended; false when nothing came over the line for so long.</summary>
    public static async Task<bool> ArrivesAsync(this EtcdLine line, Task task, TimeSpan silence, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var enough = (long)(SlowestBytesPerSecond * silence.TotalSeconds);
        for (var before = line.Received; ; before = line.Received)
        {
            try
            {
                await task.WaitAsync(silence, timeProvider, cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (TimeoutException)
            {
                if (line.Received - before < enough)
                {
                    return false;
                }
            }
        }
    }

    /// <exception cref="RpcException">It failed, or nothing came for so long.</exception>
    public static async Task<T> CallAsync<T>(this EtcdLine line, Func<CallOptions, AsyncUnaryCall<T>> start, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var call = start(new CallOptions(cancellationToken: life.Token));
        var answer = call.ResponseAsync;
        if (await line.ArrivesAsync(answer, EtcdCall.Timeout, timeProvider, cancellationToken).ConfigureAwait(false))
        {
            return await answer.ConfigureAwait(false);
        }

        await life.CancelAsync().ConfigureAwait(false);
        await answer.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        throw new RpcException(new Status(StatusCode.DeadlineExceeded, "no answer in time"));
    }
}
