using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Linux;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Linux;

public class DatagramErrorsTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    public async Task What_nobody_took_is_told_with_where_it_was_sent_and_what_it_was(string address)
    {
        var loopback = IPAddress.Parse(address);
        using var socket = new Socket(loopback.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(loopback, 0));
        DatagramErrors.Keep(socket);
        IPEndPoint closed;
        using (var other = new Socket(loopback.AddressFamily, SocketType.Dgram, ProtocolType.Udp))
        {
            other.Bind(new IPEndPoint(loopback, 0));
            closed = (IPEndPoint)other.LocalEndPoint!;
        }

        var told = new byte[64];
        Assert.That(DatagramErrors.Take(socket, told), Is.Null);
        await socket.SendToAsync("hello"u8.ToArray(), closed);
        Assert.That(
            async () => await socket.ReceiveFromAsync(new byte[64], new IPEndPoint(loopback, 0)).WaitAsync(Deadline),
            Throws.InstanceOf<SocketException>().With.Property(nameof(SocketException.SocketErrorCode)).EqualTo(SocketError.ConnectionRefused));

        Assert.That(DatagramErrors.Take(socket, told), Is.EqualTo(new DatagramError(DatagramErrors.Refused, closed, 5)));
        Assert.That(told[..5], Is.EqualTo("hello"u8.ToArray()));
        Assert.That(DatagramErrors.Take(socket, told), Is.Null);
    }
}
