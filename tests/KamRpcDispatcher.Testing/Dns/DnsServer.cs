using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Testing;

/// <summary>A name server on port 53 of a loopback address of its own, which takes root. It knows addresses (A) only, and can fail.</summary>
public sealed class DnsServer : IDisposable
{
    private const int HeaderLength = 12;
    private const int AddressType = 1;
    private const int NoSuchName = 3;
    private const int ServerFailure = 2;

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<string, IPAddress> _addresses = new(StringComparer.OrdinalIgnoreCase);
    private readonly Socket _socket;
    private readonly Task _running;
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DnsServer(Socket socket)
    {
        _socket = socket;
        File.WriteAllText(ResolverFile, $"nameserver {((IPEndPoint)socket.LocalEndPoint!).Address}\noptions timeout:1 attempts:1\n");
        _running = RunAsync();
    }

    /// <summary>How a query is answered.</summary>
    public enum Behaviour
    {
        /// <summary>With the truth.</summary>
        Answer,

        /// <summary>With SERVFAIL.</summary>
        Fail,

        /// <summary>Not at all.</summary>
        Silence,
    }

    public Behaviour Mode { get; set; }

    /// <summary>Completes when somebody has asked for something.</summary>
    public Task Asked => _asked.Task;

    /// <summary>A resolv.conf that names it.</summary>
    public string ResolverFile => _folder.File("resolv.conf");

    public static DnsServer Start()
    {
        for (var last = Random.Shared.Next(1, 254); ; last = (last % 254) + 1)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Parse($"127.0.153.{last}"), 53));
                return new DnsServer(socket);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                socket.Dispose();
            }
        }
    }

    public void Set(string name, string address) => _addresses[name] = IPAddress.Parse(address);

    public void Dispose()
    {
        _socket.Dispose();
        _folder.Dispose();
    }

    private async Task RunAsync()
    {
        var query = new byte[1500];
        while (true)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(query, new IPEndPoint(IPAddress.Any, 0)).ConfigureAwait(false);
                _asked.TrySetResult();
                if (Mode != Behaviour.Silence && Reply(query.AsSpan(0, received.ReceivedBytes)) is { } reply)
                {
                    await _socket.SendToAsync(reply, received.RemoteEndPoint).ConfigureAwait(false);
                }
            }
            catch (Exception exception) when (exception is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return;
            }
            catch (SocketException)
            {
                // Who asked is gone.
            }
        }
    }

    /// <summary>RFC 1035, section 4. Null for what is no query.</summary>
    private byte[]? Reply(ReadOnlySpan<byte> query)
    {
        var labels = new List<string>();
        var at = HeaderLength;
        while (at < query.Length && query[at] != 0)
        {
            var length = query[at];
            if (at + 1 + length > query.Length)
            {
                return null;
            }

            labels.Add(Encoding.ASCII.GetString(query.Slice(at + 1, length)));
            at += 1 + length;
        }

        var end = at + 5;
        if (end > query.Length)
        {
            return null;
        }

        var isKnown = _addresses.TryGetValue(string.Join('.', labels), out var address);
        var code = Mode == Behaviour.Fail ? ServerFailure : isKnown ? 0 : NoSuchName;
        var hasAnswer = code == 0 && BinaryPrimitives.ReadUInt16BigEndian(query[(at + 1)..]) == AddressType;
        var reply = new byte[end + (hasAnswer ? 16 : 0)];
        query[..end].CopyTo(reply);
        BinaryPrimitives.WriteUInt16BigEndian(reply.AsSpan(2), (ushort)(0x8180 | code));
        BinaryPrimitives.WriteUInt16BigEndian(reply.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt16BigEndian(reply.AsSpan(6), (ushort)(hasAnswer ? 1 : 0));
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(8), 0);
        if (hasAnswer)
        {
            // The name by reference, type A, class IN, one second, four bytes.
            ReadOnlySpan<byte> head = [0xc0, HeaderLength, 0, AddressType, 0, 1, 0, 0, 0, 1, 0, 4];
            head.CopyTo(reply.AsSpan(end));
            address!.GetAddressBytes().CopyTo(reply, end + head.Length);
        }

        return reply;
    }
}
