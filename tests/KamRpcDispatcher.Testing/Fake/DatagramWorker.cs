using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace KamRpcDispatcher.Testing;

/// <summary>A Unix datagram socket and the one worker that serves it, request after request, from its start to its stop.</summary>
internal sealed class DatagramWorker : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<(FakeRequest Request, SocketAddress Client)> _queue = Channel.CreateUnbounded<(FakeRequest, SocketAddress)>();
    private readonly Func<ReadOnlyMemory<byte>, FakeRequest?> _received;
    private readonly Func<FakeRequest, Action<byte[]>, CancellationToken, Task> _handle;

    /// <param name="path">Where the socket is made; a file that is there goes first, as Kamailio does it.</param>
    /// <param name="received">Called for each datagram as it arrives; null when it is no request.</param>
    /// <param name="handle">Called for each request in its turn.</param>
    public DatagramWorker(
        string path,
        Func<ReadOnlyMemory<byte>, FakeRequest?> received,
        Func<FakeRequest, Action<byte[]>, CancellationToken, Task> handle)
    {
        (_received, _handle) = (received, handle);
        var stop = _stop.Token;

        // .NET removes the file that it bound when the socket is closed. After a crash the file is still there.
        _socket.Bind(new UnixDomainSocketEndPoint(path + "~"));
        File.Move(path + "~", path, overwrite: true);
        Work = Task.WhenAll(Task.Run(() => ReceiveAsync(stop)), Task.Run(() => ServeAsync(stop)));
    }

    /// <summary>Ends after <see cref="Dispose"/>; faulted when a handler threw.</summary>
    public Task Work { get; }

    /// <summary>Stops the worker; it may be called again.</summary>
    public void Dispose()
    {
        if (_queue.Writer.TryComplete())
        {
            _stop.Cancel();
            _stop.Dispose();
            _socket.Dispose();
        }
    }

    private async Task ReceiveAsync(CancellationToken stop)
    {
        var buffer = new byte[256 * 1024];
        while (!stop.IsCancellationRequested)
        {
            var client = new SocketAddress(AddressFamily.Unix);
            try
            {
                var length = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, client, stop).ConfigureAwait(false);
                if (_received(buffer.AsMemory(0, length)) is { } request)
                {
                    _queue.Writer.TryWrite((request, client));
                }
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(CancellationToken stop)
    {
        await foreach (var (request, client) in _queue.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            try
            {
                await _handle(request, reply => Send(reply, client), stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private void Send(byte[] reply, SocketAddress client)
    {
        try
        {
            _socket.SendTo(reply, SocketFlags.None, client);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The client has closed its socket, or reads too slowly, or this server has stopped: the reply is lost.
        }
    }
}
