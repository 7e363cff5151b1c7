using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KamailioRpc;

namespace KamRpcDispatcher.Probe;

/// <summary>What went wrong, in the words of a reason: "connection refused", "no route to host".</summary>
internal static class FailureText
{
    public static string Of(Exception exception) => exception switch
    {
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => "the name has no address",
        SocketException { SocketErrorCode: SocketError.TryAgain or SocketError.NoRecovery } => "the name cannot be looked up",
        SocketException socket => LowerFirst(Marshal.GetPInvokeErrorMessage(socket.NativeErrorCode)),
        Win32Exception system => LowerFirst(Marshal.GetPInvokeErrorMessage(system.NativeErrorCode)),
        // The outer ones only say that there is an inner one.
        { InnerException: { } inner } => Of(inner),
        _ => exception.Message,
    };

    public static string Within(string what, TimeSpan time) => $"{what} within {DurationText.Of(time)}";

    private static string LowerFirst(string text) => text.Length == 0 ? "unknown error" : char.ToLowerInvariant(text[0]) + text[1..];
}
