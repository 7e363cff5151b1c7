using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// Answers calls and OPTIONS with 200 at many addresses of the loopback network: for members that come and go by the hundred. It
/// keeps nothing of a call, so a retransmission is simply answered again.
/// </summary>
public sealed class SipResponder : IAsyncDisposable
{
    private static readonly string[] Copied = ["Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"];

    private readonly CancellationTokenSource _life = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _loops = [];
    private int _calls;

    /// <param name="network">The first three numbers, such as "127.0.6": the addresses are its 1 to <paramref name="count"/>.</param>
    /// <param name="count">How many addresses, up to 254.</param>
    public SipResponder(string network, int count)
    {
        var port = RealServers.FreeUdpPort();
        foreach (var address in Enumerable.Range(1, count).Select(host => IPAddress.Parse($"{network}.{host}")))
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            _sockets.Add(socket);
            socket.Bind(new IPEndPoint(address, port));
        }

        Uris = [.. _sockets.Select(static socket => $"sip:{socket.LocalEndPoint}")];
        _loops = [.. _sockets.Select(socket => Task.Run(() => AnswerAsync(socket)))];
    }

    public IReadOnlyList<string> Uris { get; }

    /// <summary>INVITEs that were answered.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _sockets.ForEach(static socket => socket.Dispose());
        _life.Dispose();
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
                continue;
            }

            if (request.StartsWith("INVITE ", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _calls);
            }

            var answer = Encoding.ASCII.GetBytes(Answer(request, socket.LocalEndPoint!));
            await socket.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, _life.Token).ConfigureAwait(false);
        }
    }

    private static string Answer(string request, EndPoint local)
    {
        var lines = request.Split("\r\n").Skip(1).TakeWhile(static line => line.Length > 0).ToList();
        var to = lines.First(static line => Is(line, "To:"));
        return string.Join("\r\n",
        [
            "SIP/2.0 200 OK",
            .. lines.Where(static line => Array.Exists(Copied, name => Is(line, name))),
            to.Contains(";tag=", StringComparison.Ordinal) ? to : to + ";tag=responder",
            $"Contact: <sip:{local}>",
            "Content-Length: 0",
            "",
            "",
        ]);
    }

    private static bool Is(string line, string name) => line.StartsWith(name, StringComparison.OrdinalIgnoreCase);
}
