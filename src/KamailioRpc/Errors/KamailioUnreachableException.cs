using System.Net.Sockets;

namespace KamailioRpc.Errors;

/// <summary>The request did not reach Kamailio: nothing was done.</summary>
public sealed class KamailioUnreachableException : KamailioRpcException
{
    /// <param name="address">Where Kamailio was asked.</param>
    /// <param name="reason">Why it could not be.</param>
    /// <param name="innerException">What caused it.</param>
    public KamailioUnreachableException(KamailioAddress address, string reason, Exception? innerException)
        : base(address.Path is not null && IsShut(innerException)
            ? $"Kamailio's {address} is shut to this user: {reason}"
            : $"Kamailio does not listen on {address}: {reason}", innerException)
    {
        // Who takes no connection, since a queue is full, or not in time, may be there all the same.
        IsNobodyThere = innerException is not (OperationCanceledException or SocketException { SocketErrorCode: SocketError.WouldBlock or SocketError.TryAgain or SocketError.NoBufferSpaceAvailable or SocketError.TimedOut });
    }

    private KamailioUnreachableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <inheritdoc/>
    public override bool IsTransient => true;

    /// <summary>Whether this says that no Kamailio is there: not where one is too busy to listen, or where we did not ask.</summary>
    internal bool IsNobodyThere { get; }

    /// <summary>Nothing was sent, since there is no place of ours to which Kamailio could reply.</summary>
    internal static KamailioUnreachableException WithoutReplies(KamailioAddress address, Exception exception) =>
        new($"Kamailio at {address} cannot be asked: {exception.Message}", exception);

    /// <summary>Nothing was sent, since too many calls wait for their turn.</summary>
    internal static KamailioUnreachableException QueueFull(KamailioAddress address, int calls) =>
        new($"Kamailio at {address} is not asked: {calls} calls wait for their turn already", null);

    /// <summary>Whether a file of Kamailio's is there, and not open to this user.</summary>
    private static bool IsShut(Exception? innerException) => innerException is SocketException { SocketErrorCode: SocketError.AccessDenied } or UnauthorizedAccessException;
}
