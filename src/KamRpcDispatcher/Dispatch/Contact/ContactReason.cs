using System.Net.Sockets;
using KamailioRpc.Errors;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch.Contact;

/// <summary>Why Kamailio does not answer, and what to do, in one line that stays the same whatever was called.</summary>
internal static class ContactReason
{
    private const int MostBytes = 400;

    public static string Of(KamailioRpcException exception) =>
        ReportText.Line(Advice(exception) is { } advice ? $"{WithoutMethod(exception)}; {advice}" : WithoutMethod(exception), MostBytes);

    /// <summary>Calls of several kinds are made, and each fails under its own name.</summary>
    private static string WithoutMethod(KamailioRpcException exception) =>
        exception is KamailioTimeoutException or KamailioGoneException ? exception.Message[(exception.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..] : exception.Message;

    private static string? Advice(KamailioRpcException exception) => exception switch
    {
        KamailioUnreachableException { InnerException: SocketException { SocketErrorCode: SocketError.AccessDenied } } =>
            "this user may not open it: run kamrpc dispatch as Kamailio's user, or define KAMRPC_SOCKET_USER in Kamailio's config. kamrpc doctor says more",
        KamailioUnreachableException { InnerException: null or SocketException } => "does Kamailio run? kamrpc doctor says more",
        KamailioTimeoutException => "kamrpc doctor beside it looks for the cause",
        KamailioFaultException { IsUnknownMethod: true } => "is the dispatcher module loaded?",
        _ => null,
    };
}
