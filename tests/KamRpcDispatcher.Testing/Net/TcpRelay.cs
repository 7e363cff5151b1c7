using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// Stands between a client and a server of TCP, as a load balancer or a connection tracker does: it can forget the connections that stand while new
/// ones work, and be slow.
/// </summary>
public sealed class TcpRelay : IAsyncDisposable
{
    private readonly CancellationTokenSource _life = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Line, Task> _lines = [];
    private readonly Uri _server;
    private readonly Task _running;
    private volatile bool _isDown;
    private int _accepted;

    /// <param name="endpoint">The server, such as <c>http://127.0.0.1:2379</c>.</param>
    public TcpRelay(string endpoint)
    {
        _server = new Uri(endpoint);
        _listener.Start();
        _running = Task.Run(RunAsync);
    }

    /// <summary>What to use in place of the server's.</summary>
    public string Endpoint => $"{_server.Scheme}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>How many connections there were.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>How fast answers come, over all connections together; null for as fast as they can.</summary>
    public int? BytesPerSecond { get; set; }

    /// <summary>Bytes at which it closes a connection when a client sends them, as a proxy does that does not like a request; null for none.</summary>
    public byte[]? Refused { get; set; }

    /// <summary>Whether it closes what stands and what comes, at once.</summary>
    public bool IsDown
    {
        get => _isDown;
        set
        {
            _isDown = value;
            if (value)
            {
                foreach (var line in _lines.Keys)
                {
                    line.Over.Cancel();
                }
            }
        }
    }

    /// <summary>Connections that stand now pass nothing any more, neither way, and stay open; later ones work.</summary>
    public void Swallow()
    {
        foreach (var line in _lines.Keys)
        {
            line.SwallowsRequests = line.SwallowsAnswers = true;
        }
    }

    /// <summary>Connections that stand now pass requests on, and no answers any more.</summary>
    public void SwallowAnswers()
    {
        foreach (var line in _lines.Keys)
        {
            line.SwallowsAnswers = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_lines.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _life.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptSocketAsync(_life.Token).ConfigureAwait(false);
            Interlocked.Increment(ref _accepted);
            if (_isDown)
            {
                client.Dispose();
                continue;
            }

            var line = new Line();
            _lines[line] = Task.Run(() => PassAsync(line, client));
        }
    }

    private async Task PassAsync(Line line, Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            try
            {
                await server.ConnectAsync(_server.Host, _server.Port, _life.Token).ConfigureAwait(false);
                using var over = CancellationTokenSource.CreateLinkedTokenSource(_life.Token, line.Over.Token);
                await Task.WhenAny(
                    PassAsync(client, server, () => line.SwallowsRequests, isPaced: false, over.Token),
                    PassAsync(server, client, () => line.SwallowsAnswers, isPaced: true, over.Token)).ConfigureAwait(false);
                await over.CancelAsync().ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // The server is not there, or the relay ends.
            }
        }

        _lines.TryRemove(line, out _);
    }

    private async Task PassAsync(Socket from, Socket to, Func<bool> isSwallowed, bool isPaced, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        while (await from.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var length)
        {
            if (!isPaced && Refused is { } refused && buffer.AsSpan(0, length).IndexOf(refused) >= 0)
            {
                return;
            }

            if (isSwallowed())
            {
                continue;
            }

            var begun = Stopwatch.GetTimestamp();
            await to.SendAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            if (isPaced && BytesPerSecond is { } pace && (TimeSpan.FromSeconds((double)length / pace) - Stopwatch.GetElapsedTime(begun)) is { Ticks: > 0 } rest)
            {
                await Task.Delay(rest, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private sealed class Line
    {
        public volatile bool SwallowsRequests;
        public volatile bool SwallowsAnswers;

        public CancellationTokenSource Over { get; } = new();
    }
}
