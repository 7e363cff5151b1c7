using Grpc.Core;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>How long a call to etcd may take, and when it is tried again.</summary>
internal static class EtcdCall
{
    /// <summary>How long a single call may take before the server counts as gone.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>About how long to wait before trying again what failed.</summary>
    public static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    /// <summary>Another pause each time, so that many that lost etcd at the same moment do not come back at the same moment.</summary>
    public static TimeSpan RetryPause => RetryDelay * (0.5 + Random.Shared.NextDouble());

    public static CallOptions Options(CancellationToken cancellationToken) => Options(Timeout, cancellationToken);

    /// <summary>Options with which a call, or several together, are given up after the time.</summary>
    /// <remarks>
    /// Not by gRPC's deadline: that is a time of day, and Grpc.Net.Client compares it with the clock once more when its timer fires
    /// (GrpcCall.DeadlineExceededCallback). Were the clock set back an hour during a call to a server that hangs, it would wait for an hour.
    /// </remarks>
    public static CallOptions Options(TimeSpan timeout, CancellationToken cancellationToken)
    {
        // Nobody knows when the last call has ended, so that it is not disposed of; when its time is up nothing is left of it.
        var patience = new CancellationTokenSource(timeout);
        var registration = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), patience);
        patience.Token.UnsafeRegister(static caller => ((CancellationTokenRegistration)caller!).Dispose(), registration);
        return new CallOptions(cancellationToken: patience.Token);
    }
}
