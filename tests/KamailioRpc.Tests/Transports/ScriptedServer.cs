using System.Net;
using System.Net.Sockets;

namespace KamailioRpc.Tests.Transports;

/// <summary>A real stream socket, TCP or Unix, behind which each connection is handled as the test says: what no Kamailio can be made to do.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly Socket _listening;
    private readonly CancellationTokenSource _life = new();
    private readonly Task _accepting;
    private int _connections;

    public ScriptedServer(EndPoint endPoint, Func<NetworkStream, Task> handle)
    {
        _listening = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        _listening.Bind(endPoint);
        _listening.Listen();
        _accepting = AcceptAsync(handle);
    }

    /// <summary>On a free port of 127.0.0.1.</summary>
    public ScriptedServer(Func<NetworkStream, Task> handle)
        : this(new IPEndPoint(IPAddress.Loopback, 0), handle)
    {
    }

    public int Port => ((IPEndPoint)_listening.LocalEndPoint!).Port;

    /// <summary>How many were accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        _listening.Dispose();
        await _accepting;
        _life.Dispose();
    }

    private async Task AcceptAsync(Func<NetworkStream, Task> handle)
    {
        var handling = new List<Task>();
        try
        {
            while (true)
            {
                var connection = await _listening.AcceptAsync(_life.Token);
                Interlocked.Increment(ref _connections);
                handling.Add(HandleAsync(connection, handle));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(handling);
        }
    }

    private static async Task HandleAsync(Socket connection, Func<NetworkStream, Task> handle)
    {
        await using var stream = new NetworkStream(connection, ownsSocket: true);
        try
        {
            await handle(stream);
        }
        catch (IOException)
        {
            // The client has gone.
        }
    }
}
