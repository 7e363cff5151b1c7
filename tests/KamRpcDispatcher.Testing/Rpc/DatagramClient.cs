using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// The smallest client of a jsonrpcs datagram socket, Unix or UDP, independent of the product's: what the product does can be checked with
/// it. One call at a time.
/// </summary>
public sealed class DatagramClient : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _socket;
    private readonly EndPoint _server;
    private readonly byte[] _buffer = new byte[256 * 1024];
    private int _lastId;

    /// <param name="server">A Unix socket, or an address for UDP.</param>
    public DatagramClient(EndPoint server)
    {
        _server = server;
        _socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Unspecified);
        if (server is UnixDomainSocketEndPoint)
        {
            _socket.Bind(new UnixDomainSocketEndPoint(_folder.File("client.sock")));

            // Kamailio may run as another user.
            File.SetUnixFileMode(_folder.Path, File.GetUnixFileMode(_folder.Path) | UnixFileMode.OtherExecute);
            File.SetUnixFileMode(_folder.File("client.sock"), File.GetUnixFileMode(_folder.File("client.sock")) | UnixFileMode.OtherWrite);
        }
        else
        {
            // So that a port that is not open says so.
            _socket.Connect(server);
        }
    }

    public DatagramClient(string socketPath)
        : this(new UnixDomainSocketEndPoint(socketPath))
    {
    }

    /// <summary>How long a call waits for its answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <returns>The result.</returns>
    /// <exception cref="RpcCallException">The server answered with a fault.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public async Task<JsonElement> CallAsync(string method, params object[] args)
    {
        var id = ++_lastId;
        await SendAsync(Request(id, method, args)).ConfigureAwait(false);
        while (true)
        {
            var reply = JsonElement.Parse(await ReceiveAsync().ConfigureAwait(false));
            if (!reply.TryGetProperty("id", out var answered) || answered.GetInt32() != id)
            {
                continue; // The late answer to a call that was given up.
            }

            return reply.TryGetProperty("error", out var error)
                ? throw new RpcCallException(error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString()!)
                : reply.GetProperty("result");
        }
    }

    public static string Request(int id, string method, params object[] args) =>
        JsonSerializer.Serialize(new { jsonrpc = "2.0", method, @params = args, id });

    public async Task SendAsync(string raw) =>
        await _socket.SendToAsync(Encoding.UTF8.GetBytes(raw), SocketFlags.None, _server).ConfigureAwait(false);

    /// <summary>The next datagram, whatever it answers.</summary>
    /// <exception cref="TimeoutException">None came in time.</exception>
    public async Task<string> ReceiveAsync()
    {
        using var deadline = new CancellationTokenSource(Timeout);
        try
        {
            var length = await _socket.ReceiveAsync(_buffer, SocketFlags.None, deadline.Token).ConfigureAwait(false);
            return Encoding.UTF8.GetString(_buffer, 0, length);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"No answer from {_server} within {Timeout.TotalSeconds:0.###} s.");
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _folder.Dispose();
    }
}
