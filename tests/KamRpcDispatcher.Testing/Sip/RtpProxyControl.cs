using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// The control socket of an RTPProxy, which Debian has no more: it answers Kamailio's module rtpproxy as one would, relays no media, and tells which calls
/// it has a session for. A command is <c>COOKIE LETTERS CALL-ID ...</c>.
/// </summary>
public sealed class RtpProxyControl : IAsyncDisposable
{
    private const string Version = "20040107";

    private readonly CancellationTokenSource _life = new();
    private readonly UdpClient _socket;
    private readonly ConcurrentDictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly ChangeSignal _changed = new();
    private readonly Task _loop;

    public RtpProxyControl()
    {
        Port = RealServers.FreeUdpPort();
        _socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, Port));
        _loop = Task.Run(AnswerAsync);
    }

    public int Port { get; }

    /// <summary>Calls that a session was made for.</summary>
    public int Made => _calls.Count;

    /// <summary>Those that it still has.</summary>
    public int Open => _calls.Values.Count(static commands => commands != 0);

    /// <summary>Waits until the condition holds.</summary>
    public Task WaitForAsync(Func<RtpProxyControl, bool> condition, TimeSpan timeout) =>
        _changed.WaitUntilAsync(() => condition(this), timeout, () => $"{Made} sessions made, {Open} open");

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _socket.Dispose();
        _life.Dispose();
    }

    private async Task AnswerAsync()
    {
        while (true)
        {
            var request = await _socket.ReceiveAsync(_life.Token).ConfigureAwait(false);
            var words = Encoding.ASCII.GetString(request.Buffer).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            await _socket.SendAsync(Encoding.ASCII.GetBytes($"{words[0]} {Answer(words[1], words is [_, _, var call, ..] ? call : string.Empty)}\n"), request.RemoteEndPoint, _life.Token).ConfigureAwait(false);
            _changed.Raise();
        }
    }

    private string Answer(string command, string call)
    {
        switch (command[0])
        {
            case 'V':
                return command.StartsWith("VF", StringComparison.Ordinal) ? "1" : Version;
            case 'U' or 'L':
                _calls[call] = 1;
                return "35000 127.0.0.1";
            case 'D':
                _calls[call] = 0;
                return "0";
            default:
                return "E0";
        }
    }
}
