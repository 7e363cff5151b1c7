using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Testing;

/// <summary>A relay's listening socket, for one life of Kamailio, with a way to Kamailio for each client.</summary>
internal sealed class RelayLine : IAsyncDisposable
{
    private const int MaxDatagram = 128 * 1024;

    private readonly CancellationTokenSource _life = new();
    private readonly Dictionary<string, Socket> _clients = [];
    private readonly List<Task> _replies = [];
    private readonly RpcRelay _relay;
    private readonly string _path;
    private readonly UnixDomainSocketEndPoint _kamailio;
    private readonly TemporaryFolder _folder;
    private readonly Socket _listening = NewSocket();
    private readonly Task _requests;
    private readonly SemaphoreSlim _oneReply = new(1);

    public RelayLine(RpcRelay relay, string path, string kamailioPath, TemporaryFolder folder)
    {
        _relay = relay;
        _path = path;
        _kamailio = new UnixDomainSocketEndPoint(kamailioPath);
        _folder = folder;
        File.Delete(path);
        _listening.Bind(new UnixDomainSocketEndPoint(path));
        _requests = Task.Run(PassRequestsAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        _listening.Dispose();
        await _requests.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_replies).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var socket in _clients.Values)
        {
            socket.Dispose();
        }

        File.Delete(_path);
        _oneReply.Dispose();
        _life.Dispose();
    }

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)
    {
        SendBufferSize = MaxDatagram,
        ReceiveBufferSize = MaxDatagram,
    };

    private async Task PassRequestsAsync()
    {
        var buffer = new byte[MaxDatagram];
        while (true)
        {
            var request = await _listening.ReceiveFromAsync(buffer, SocketFlags.None, _kamailio, _life.Token).ConfigureAwait(false);
            var upstream = UpstreamOf((UnixDomainSocketEndPoint)request.RemoteEndPoint);
            _relay.OnRequest(Encoding.UTF8.GetString(buffer, 0, request.ReceivedBytes));
            var (isLost, delay) = _relay.Judge(isReply: false);
            await Task.Delay(delay, _life.Token).ConfigureAwait(false);
            if (!isLost)
            {
                await SendAsync(upstream, buffer.AsMemory(0, request.ReceivedBytes), _kamailio).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A socket for each client, so that Kamailio's answers find their way back.</summary>
    private Socket UpstreamOf(UnixDomainSocketEndPoint client)
    {
        if (!_clients.TryGetValue(client.ToString(), out var upstream))
        {
            _clients[client.ToString()] = upstream = NewSocket();
            upstream.Bind(new UnixDomainSocketEndPoint(_folder.File($"{Guid.NewGuid():N}"[..8])));
            _replies.Add(Task.Run(() => PassRepliesAsync(upstream, client)));
        }

        return upstream;
    }

    private async Task PassRepliesAsync(Socket upstream, UnixDomainSocketEndPoint client)
    {
        var buffer = new byte[MaxDatagram];
        while (true)
        {
            var length = await upstream.ReceiveAsync(buffer, SocketFlags.None, _life.Token).ConfigureAwait(false);
            await _oneReply.WaitAsync(_life.Token).ConfigureAwait(false);
            try
            {
                var (isLost, delay) = _relay.Judge(isReply: true);
                await Task.Delay(delay, _life.Token).ConfigureAwait(false);
                if (!isLost)
                {
                    await SendAsync(_listening, buffer.AsMemory(0, length), client).ConfigureAwait(false);
                }
            }
            finally
            {
                _oneReply.Release();
            }
        }
    }

    private async Task SendAsync(Socket from, ReadOnlyMemory<byte> datagram, UnixDomainSocketEndPoint to)
    {
        try
        {
            await from.SendToAsync(datagram, SocketFlags.None, to, _life.Token).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // The receiver has gone, and the datagram with it. The relay looks by itself whether Kamailio is there.
        }
    }
}
