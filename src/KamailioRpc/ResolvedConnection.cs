using System.Net;
using System.Net.Sockets;

namespace KamailioRpc;

/// <summary>Connects to hosts by their names, without keeping a thread of the pool for it.</summary>
public static class ResolvedConnection
{
    /// <summary>How long whoever connects waits for the addresses of now where older ones are known.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    /// <summary>Connects to a host, to one of its addresses after the other.</summary>
    /// <exception cref="SocketException">It has no address, or none takes the connection.</exception>
    public static async Task<Socket> ConnectAsync(this NameResolver names, string host, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        var addresses = await names.FindAsync(host, Patience, cancellationToken).ConfigureAwait(false);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The connection for <see cref="SocketsHttpHandler.ConnectCallback"/>, which by itself would look the name up on the pool.</summary>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        return new NetworkStream(await NameResolver.Shared.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false), ownsSocket: true);
    }

    /// <summary>What is wrong with a host's name, where that is why it could not be reached: the system's own words do not say that it is the name. Else null.</summary>
    public static string? Trouble(string host, SocketException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return IPAddress.TryParse(host, out _) ? null : exception.SocketErrorCode switch
        {
            SocketError.HostNotFound or SocketError.NoData => $"the name '{host}' has no address",
            SocketError.TryAgain or SocketError.NoRecovery => $"the name '{host}' cannot be looked up now: the name servers in /etc/resolv.conf fail, or do not answer",
            _ => null,
        };
    }
}
