using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

/// <summary>Sockets of this very process.</summary>
[NonParallelizable]
public class SocketTableTests
{
    [Test]
    public void A_socket_is_known_by_its_inode()
    {
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var unix = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        var port = ((IPEndPoint)udp.LocalEndPoint!).Port;

        Assert.That(SocketTable.IsUdpOnPort(Environment.ProcessId, Inode(udp), port), Is.True);
        Assert.That(SocketTable.IsUdpOnPort(Environment.ProcessId, Inode(udp), port ^ 1), Is.False);
        Assert.That(SocketTable.IsUdp(Environment.ProcessId, Inode(udp)), Is.True);
        Assert.That(SocketTable.IsUnix(Environment.ProcessId, Inode(unix)), Is.True);
        Assert.That(SocketTable.IsUdp(Environment.ProcessId, Inode(unix)), Is.False);
        Assert.That(SocketTable.IsUnix(Environment.ProcessId, Inode(udp)), Is.False);
    }

    [TestCase("socket:[4711]", 4711ul)]
    [TestCase("pipe:[4711]", null)]
    [TestCase("/tmp/socket:[4711]", null)]
    [TestCase(null, null)]
    public void The_inode_is_read_from_the_descriptors_target(string? target, ulong? inode) => Assert.That(SocketTable.Inode(target), Is.EqualTo(inode));

    [Test]
    public void Who_asks_a_name_server_has_a_socket_for_it()
    {
        using (var asking = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            asking.Connect(IPAddress.Loopback, 53);
            Assert.That(SocketTable.MayBeResolvingOrConnecting(Environment.ProcessId), Is.True);
        }

        Assert.That(SocketTable.MayBeResolvingOrConnecting(Environment.ProcessId), Is.False);
    }

    [Test]
    public void Who_connects_has_a_socket_that_is_not_connected_yet()
    {
        // Nobody accepts: the second connection to a full queue stays where it is.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        using var first = Connecting(full.LocalEndPoint!);
        using (Connecting(full.LocalEndPoint!))
        {
            Assert.That(() => SocketTable.MayBeResolvingOrConnecting(Environment.ProcessId), Is.True.After(10_000, 10));
        }
    }

    [Test]
    public void Whose_descriptors_cannot_be_read_may_be_asking() => Assert.That(SocketTable.MayBeResolvingOrConnecting(int.MaxValue), Is.True);

    private static Socket Connecting(EndPoint to)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        try
        {
            socket.Connect(to);
        }
        catch (SocketException underWay) when (underWay.SocketErrorCode == SocketError.WouldBlock || underWay.SocketErrorCode == SocketError.InProgress)
        {
            // As wanted.
        }

        return socket;
    }

    private static ulong Inode(Socket socket) => SocketTable.Inode(ProcFile.ReadDescriptor(Environment.ProcessId, (ulong)socket.SafeHandle.DangerousGetHandle()))!.Value;
}
