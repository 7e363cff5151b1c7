using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// Answers calls and OPTIONS with 200 at many addresses of the loopback network: for members that come and go by the hundred. A
/// retransmission is simply answered again. Of a call it keeps its 200 until the ACK has come, and sends it again meanwhile (RFC 3261,
/// 13.3.1.4): nobody else does when it is lost behind the proxy, since a caller that has seen the 100 asks no more.
/// </summary>
public sealed class SipResponder : IAsyncDisposable
{
    private static readonly TimeSpan T1 = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan T2 = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan GiveUp = 64 * T1;

    private const string Accepted = "200 OK";

    private static readonly string[] Copied = ["Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"];

    private readonly CancellationTokenSource _life = new();
    private readonly List<Socket> _sockets;
    private readonly List<Task> _loops;
    private readonly ConcurrentDictionary<string, Unacknowledged> _unacknowledged = new(StringComparer.Ordinal);
    private int _calls;

    /// <param name="network">The first three numbers, such as "127.0.6": the addresses are its 1 to <paramref name="count"/>.</param>
    /// <param name="count">How many addresses, up to 254.</param>
    public SipResponder(string network, int count)
        : this(Enumerable.Range(1, count).Select(host => IPAddress.Parse($"{network}.{host}")))
    {
    }

    private SipResponder(IEnumerable<IPAddress> addresses)
    {
        Port = RealServers.FreeUdpPort();
        _sockets = [.. addresses.Select(address => Bind(new IPEndPoint(address, Port)))];
        Uris = [.. _sockets.Select(static socket => $"sip:{socket.LocalEndPoint}")];
        _loops = [.. _sockets.Select(socket => Task.Run(() => AnswerAsync(socket))), Task.Run(RepeatAsync)];
    }

    /// <summary>One for every address of the host, by one socket: for pings of members by the thousand. Calls would not find their way back.</summary>
    public static SipResponder AtEveryAddress() => new([IPAddress.Any]);

    public int Port { get; }

    public IReadOnlyList<string> Uris { get; }

    /// <summary>Says of which requests, by their first line, nothing is seen: of a server that is dead.</summary>
    public Func<string, bool> IsDead { get; set; } = static _ => false;

    /// <summary>What it answers to calls: 200, or a refusal.</summary>
    public string Status { get; set; } = Accepted;

    /// <summary>INVITEs that were answered.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _sockets.ForEach(static socket => socket.Dispose());
        _life.Dispose();
    }

    private static Socket Bind(IPEndPoint address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(address);
        return socket;
    }

    private async Task AnswerAsync(Socket socket)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _life.Token).ConfigureAwait(false);
            var request = Encoding.ASCII.GetString(buffer, 0, received.ReceivedBytes);
            if (request.StartsWith("ACK ", StringComparison.Ordinal))
            {
                _unacknowledged.TryRemove(CallId(request), out _);
                continue;
            }

            if (IsDead(request[..Math.Max(0, request.IndexOf('\r', StringComparison.Ordinal))]))
            {
                continue;
            }

            var isCall = request.StartsWith("INVITE ", StringComparison.Ordinal);
            var status = isCall ? Status : Accepted;
            var answer = Encoding.ASCII.GetBytes(Answer(request, socket.LocalEndPoint!, status));
            if (isCall)
            {
                Interlocked.Increment(ref _calls);
            }

            // A refusal is repeated by the proxy's retransmission, which is answered again.
            if (isCall && status == Accepted)
            {
                _unacknowledged.TryAdd(CallId(request), new Unacknowledged(socket, answer, received.RemoteEndPoint, Stopwatch.GetTimestamp()));
            }

            await socket.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, _life.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Looks often enough for the shortest interval.</summary>
    private async Task RepeatAsync()
    {
        using var timer = new PeriodicTimer(T1 / 5);
        while (await timer.WaitForNextTickAsync(_life.Token).ConfigureAwait(false))
        {
            foreach (var (callId, call) in _unacknowledged)
            {
                if (Stopwatch.GetElapsedTime(call.Begun) > GiveUp)
                {
                    _unacknowledged.TryRemove(callId, out _);
                }
                else if (Stopwatch.GetElapsedTime(call.SentAt) > call.Interval)
                {
                    await call.Socket.SendToAsync(call.Answer, SocketFlags.None, call.Caller, _life.Token).ConfigureAwait(false);
                    _unacknowledged.TryUpdate(callId, call with { SentAt = Stopwatch.GetTimestamp(), Interval = call.Interval * 2 < T2 ? call.Interval * 2 : T2 }, call);
                }
            }
        }
    }

    private static string CallId(string request) => request.Split("\r\n").First(static line => Is(line, "Call-ID:"));

    private static string Answer(string request, EndPoint local, string status)
    {
        var lines = request.Split("\r\n").Skip(1).TakeWhile(static line => line.Length > 0).ToList();
        var to = lines.First(static line => Is(line, "To:"));
        return string.Join("\r\n",
        [
            $"SIP/2.0 {status}",
            .. lines.Where(static line => Array.Exists(Copied, name => Is(line, name))),
            to.Contains(";tag=", StringComparison.Ordinal) ? to : to + ";tag=responder",
            $"Contact: <sip:{local}>",
            "Content-Length: 0",
            "",
            "",
        ]);
    }

    private static bool Is(string line, string name) => line.StartsWith(name, StringComparison.OrdinalIgnoreCase);

    private sealed record Unacknowledged(Socket Socket, byte[] Answer, EndPoint Caller, long Begun)
    {
        public long SentAt { get; init; } = Begun;

        public TimeSpan Interval { get; init; } = T1;
    }
}
