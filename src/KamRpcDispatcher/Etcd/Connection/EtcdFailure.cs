using Grpc.Core;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>What a call to etcd that failed says: of the connection, of etcd, or of the call.</summary>
internal static class EtcdFailure
{
    /// <summary>Whoever answers as etcd may say anything.</summary>
    private const int LongestDetail = 400;

    private const string UnreadPrefix = "kamrpc.prefix";

    /// <summary>Whether a call failed because of the connection or the server, so that it may be tried again.</summary>
    public static bool IsOutage(Exception exception, CancellationToken cancellationToken) =>
        exception is RpcException or IOException or ObjectDisposedException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>Whether etcd answered, and would not do it: for the same connection, or another one, the answer is the same.</summary>
    public static bool IsRefusal(Exception? exception) =>
        (exception is RpcException
        {
            StatusCode: StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.NotFound,
        }
        && !IsOfMember(exception))
        || IsFull(exception);

    /// <summary>Whether the member of etcd that answered serves nobody, so that another one has to be asked: a learner does not (FailedPrecondition from 3.6 on, Unavailable before).</summary>
    public static bool IsOfMember(Exception? exception) => exception is RpcException { Status.Detail: var detail } && detail.Contains("not supported for learner", StringComparison.Ordinal);

    /// <summary>Whether etcd takes no writes any more, only deletes: its database has reached its quota (alarm NOSPACE).</summary>
    public static bool IsFull(Exception? exception) =>
        exception is RpcException { StatusCode: StatusCode.ResourceExhausted, Status.Detail: var detail } && detail.Contains("database space exceeded", StringComparison.Ordinal);

    /// <summary>
    /// Whether etcd refused a call because of some of its keys, or of their number, so that it may take the same call with fewer: a user's roles are checked
    /// key by key, and one that is not allowed keeps the whole transaction from being carried out (3.4 and 3.5, <c>checkTxnAuth</c>).
    /// </summary>
    public static bool IsOfKeys(Exception? exception) =>
        exception is RpcException { StatusCode: StatusCode.PermissionDenied }
        || (exception is RpcException { StatusCode: StatusCode.InvalidArgument, Status.Detail: var detail } && detail.Contains("too many operations", StringComparison.Ordinal));

    /// <summary>Notes with a refusal which prefix could not be read, so that <see cref="Describe"/> names the right: a filter of a <c>catch</c> that catches nothing.</summary>
    public static bool IsNoted(RpcException exception, string prefix)
    {
        if (exception.StatusCode == StatusCode.PermissionDenied)
        {
            exception.Data[UnreadPrefix] = prefix;
        }

        return false;
    }

    /// <summary>Why a call failed, in one line.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        RpcException when IsFull(exception) =>
            "etcd is full (alarm NOSPACE): its database has reached --quota-backend-bytes, and it takes deletes only; etcdctl compact, etcdctl defrag, then etcdctl alarm disarm",
        RpcException { StatusCode: StatusCode.PermissionDenied } when exception.Data[UnreadPrefix] is string prefix => $"permission denied: its role needs read on the prefix {prefix}; etcdctl role grant-permission ROLE read --prefix=true {prefix}",
        RpcException { StatusCode: StatusCode.PermissionDenied } => "permission denied: the role of kamrpc's user in etcd does not allow it; etcdctl role grant-permission",
        RpcException { StatusCode: StatusCode.InvalidArgument, Status.Detail: var detail } when detail.Contains("user name is empty", StringComparison.Ordinal) =>
            "etcd wants to know who asks; --etcd-user and --etcd-password-file, or --etcd-cert and --etcd-key",

        RpcException when IsOfMember(exception) => "this member of etcd is a learner, which serves nobody; etcdctl member promote, or leave it out of --etcd",

        // "Connection refused" and what is wrong with a certificate say more than the status, "Error connecting to subchannel".
        RpcException { StatusCode: StatusCode.Unavailable or StatusCode.Internal, Status.DebugException: { } connecting } => Innermost(connecting),
        RpcException { Status.Detail: var detail } when Redirection(detail) is { } redirected => redirected,
        RpcException rpc => $"{rpc.StatusCode}: {SafeText.Shorten(rpc.Status.Detail, LongestDetail)}",
        OperationCanceledException => "no answer in time",
        _ => exception.Message,
    };

    /// <summary>Whether a call got no answer at all.</summary>
    public static bool IsUnanswered(Exception? cause) =>
        cause is OperationCanceledException or RpcException { StatusCode: StatusCode.DeadlineExceeded or StatusCode.Cancelled };

    private static string? Redirection(string detail)
    {
        const string Answer = "Bad gRPC response. HTTP status code: ";
        return detail.StartsWith(Answer + "3", StringComparison.Ordinal)
            ? $"it redirects elsewhere (HTTP status {detail[Answer.Length..]}), which is not followed: give the address of etcd itself"
            : detail.StartsWith(Answer, StringComparison.Ordinal) ? $"what answers there is not etcd (HTTP status {detail[Answer.Length..]}): give the address of etcd itself"
            : null;
    }

    private static string Innermost(Exception exception)
    {
        var innermost = exception.GetBaseException();

        // With TLS 1.3 a server that misses a certificate ends the connection after the handshake, and .NET does not say why.
        return innermost is ObjectDisposedException || innermost.Message.Contains("alert", StringComparison.Ordinal)
            ? "etcd ended the TLS connection; if it asks clients for a certificate, --etcd-cert and --etcd-key have to name one that it trusts"
            : exception.Message.Contains(innermost.Message, StringComparison.Ordinal) ? exception.Message
            : innermost.Message;
    }
}
