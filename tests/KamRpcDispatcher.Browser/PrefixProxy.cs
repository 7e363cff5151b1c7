using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Browser;

/// <summary>A reverse proxy that shows a server below a path: it takes the path off, and passes on all else, a request a connection.</summary>
internal sealed class PrefixProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _life = new();
    private readonly Uri _server;
    private readonly string _prefix;
    private readonly Task _accepting;

    public PrefixProxy(Uri server, string prefix)
    {
        (_server, _prefix) = (server, prefix);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}{_prefix}");

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _life.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_life.IsCancellationRequested)
        {
            _ = PassAsync(await _listener.AcceptTcpClientAsync(_life.Token));
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(_server.Host, _server.Port, _life.Token);
                var (from, to) = (client.GetStream(), server.GetStream());
                var (head, buffer) = (string.Empty, new byte[4096]);
                while (!head.Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    var length = await from.ReadAsync(buffer, _life.Token);
                    if (length == 0)
                    {
                        return;
                    }

                    head += Encoding.ASCII.GetString(buffer, 0, length);
                }

                head = head.Replace($"GET {_prefix} ", "GET / ", StringComparison.Ordinal).Replace($"GET {_prefix}/", "GET /", StringComparison.Ordinal).Replace("keep-alive", "close", StringComparison.Ordinal);
                await to.WriteAsync(Encoding.ASCII.GetBytes(head), _life.Token);
                await to.CopyToAsync(from, _life.Token);
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
            {
                // One of both has left.
            }
        }
    }
}
