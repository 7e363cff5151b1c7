using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>Stands in for systemd: hears what a service with Type=notify says.</summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public ServiceManager() => _socket.Bind(new UnixDomainSocketEndPoint(_folder.File("notify")));

    /// <summary>Put before a program and its arguments.</summary>
    public string[] Environment => [$"NOTIFY_SOCKET={_folder.File("notify")}", "WATCHDOG_USEC=300000"];

    /// <summary>Waits for a word that begins so; what was said before it is passed over, and answered.</summary>
    public async Task<IReadOnlyList<string>> ToldAsync(string wanted)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        var buffer = new byte[4096];
        var told = new List<string>();
        while (true)
        {
            try
            {
                told.Add(Encoding.UTF8.GetString(buffer, 0, await _socket.ReceiveAsync(buffer, deadline.Token)));
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"It did not say {wanted}, but:\n{string.Join('\n', told.Distinct())}");
            }

            if (told[^1].StartsWith(wanted, StringComparison.Ordinal))
            {
                return told;
            }
        }
    }

    /// <summary>Forgets what was said until now.</summary>
    public void Forget()
    {
        var buffer = new byte[4096];
        while (_socket.Available > 0)
        {
            _socket.Receive(buffer);
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _folder.Dispose();
    }
}
