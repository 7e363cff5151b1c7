using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KamailioRpc;

namespace KamRpcDispatcher.Probe;

/// <summary>What went wrong, in the words of a reason: "connection refused", "no route to host".</summary>
internal static class FailureText
{
    // errno(3): EAGAIN, ENOMEM, ENFILE, EMFILE.
    private const int TryAgain = 11;
    private const int OutOfMemory = 12;
    private const int SystemTableFull = 23;
    private const int TooManyOpen = 24;

    public static string Of(Exception exception) => exception switch
    {
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => "the name has no address",
        SocketException { SocketErrorCode: SocketError.TryAgain or SocketError.NoRecovery } => "the name cannot be looked up",
        SocketException { SocketErrorCode: SocketError.TooManyOpenSockets } => "this process, or the machine, has too many open files (ulimit -n, LimitNOFILE=)",
        SocketException { SocketErrorCode: SocketError.AccessDenied } => "this machine does not let it out (a firewall's rule for what leaves, or a full table of connections: dmesg)",
        SocketException socket => LowerFirst(Marshal.GetPInvokeErrorMessage(socket.NativeErrorCode)),
        Win32Exception system => LowerFirst(Marshal.GetPInvokeErrorMessage(system.NativeErrorCode)),
        // The outer ones only say that there is an inner one.
        { InnerException: { } inner } => Of(inner),
        _ => exception.Message,
    };

    /// <summary>Whether it is for want of descriptors, memory, processes, a name server or a way out here that something failed.</summary>
    public static bool IsOfThisSide(Exception exception) => exception switch
    {
        SocketException { SocketErrorCode: SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.AccessDenied or SocketError.ProcessLimit or SocketError.TryAgain or SocketError.NoRecovery } => true,
        Win32Exception { NativeErrorCode: TryAgain or OutOfMemory or SystemTableFull or TooManyOpen } and not SocketException => true,
        OutOfMemoryException or LookupTimeoutException => true,
        { InnerException: { } inner } => IsOfThisSide(inner),
        _ => false,
    };

    /// <summary>Whether the host says that nobody listens there.</summary>
    public static bool IsRefusal(Exception exception) => exception switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => true,
        { InnerException: { } inner } => IsRefusal(inner),
        _ => false,
    };

    public static string Within(string what, TimeSpan time) => $"{what} within {DurationText.Of(time)}";

    private static string LowerFirst(string text) => text.Length == 0 ? "unknown error" : char.ToLowerInvariant(text[0]) + text[1..];
}
