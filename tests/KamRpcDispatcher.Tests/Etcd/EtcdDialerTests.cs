using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Connection.Security;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class EtcdDialerTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly IPAddress First = IPAddress.Parse("127.0.0.2");
    private static readonly IPAddress Second = IPAddress.Parse("127.0.0.3");

    private readonly List<IDisposable> _sockets = [];
    private int _port;

    [TearDown]
    public void Close()
    {
        _sockets.ForEach(static socket => socket.Dispose());
        _sockets.Clear();
        _port = 0;
    }

    [Test]
    public async Task A_name_whose_first_address_drops_what_is_sent_to_it_is_reached_at_the_second()
    {
        await DropAsync(First);
        Listen(Second);
        var begun = Stopwatch.GetTimestamp();

        await using var stream = await Dialer(First, Second).ConnectAsync(static _ => { }, CancellationToken.None).AsTask().WaitAsync(Deadline);

        Assert.That(Peer(stream), Is.EqualTo(Second));
        Assert.That(Stopwatch.GetElapsedTime(begun), Is.GreaterThan(EtcdDialer.Stagger * 0.9), "the first one had a moment alone");
    }

    [Test]
    public async Task A_first_address_that_refuses_is_not_waited_for()
    {
        Listen(Second);

        await using var stream = await Dialer(First, Second).ConnectAsync(static _ => { }, CancellationToken.None).AsTask().WaitAsync(Deadline);

        Assert.That(Peer(stream), Is.EqualTo(Second));
    }

    [Test]
    public async Task The_first_one_is_taken_when_it_answers_and_the_other_when_that_turned_out_to_lead_nowhere()
    {
        Listen(First);
        Listen(Second);
        var dialer = Dialer(First, Second);
        await using (var stream = await dialer.ConnectAsync(static _ => { }, CancellationToken.None))
        {
            Assert.That(Peer(stream), Is.EqualTo(First));
        }

        dialer.Avoid();
        await using (var stream = await dialer.ConnectAsync(static _ => { }, CancellationToken.None))
        {
            Assert.That(Peer(stream), Is.EqualTo(Second));
        }
    }

    [Test]
    public void When_no_way_leads_there_every_reason_is_told()
    {
        _port = 1;
        Assert.That(
            () => Dialer(First, Second).ConnectAsync(static _ => { }, CancellationToken.None).AsTask(),
            Throws.TypeOf<IOException>().With.Message.Contains("refused (127.0.0.2)").And.Message.Contains("refused (127.0.0.3)"));
    }

    [TestCase(SocketError.HostNotFound, "the name 'etcd.test' has no address")]
    [TestCase(SocketError.TryAgain, "the name 'etcd.test' cannot be looked up now: the name servers in /etc/resolv.conf fail, or do not answer")]
    public void A_name_that_does_not_resolve_is_told_as_that(SocketError error, string text) =>
        Assert.That(
            () => Dialer(() => Task.FromException<IPAddress[]>(new SocketException((int)error))).ConnectAsync(static _ => { }, CancellationToken.None).AsTask(),
            Throws.TypeOf<IOException>().With.Message.StartsWith(text));

    private static IPAddress Peer(Stream stream) => ((IPEndPoint)((NetworkStream)stream).Socket.RemoteEndPoint!).Address;

    private EtcdDialer Dialer(params IPAddress[] addresses) => Dialer(() => Task.FromResult(addresses));

    private EtcdDialer Dialer(Func<Task<IPAddress[]>> resolve)
    {
        Assert.That(EtcdEndpoints.TryParse($"http://etcd.test:{_port}", out var endpoint, out var error), error);
        return new EtcdDialer(endpoint!, new EtcdCredentials(new EtcdOptions(endpoint!), NullLogger.Instance), SslApplicationProtocol.Http2, (_, _) => resolve());
    }

    private Socket Listen(IPAddress address, int backlog = 8)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        socket.Bind(new IPEndPoint(address, _port));
        socket.Listen(backlog);
        _port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }

    /// <summary>A listener whose queue is full: the kernel drops further SYNs.</summary>
    private async Task DropAsync(IPAddress address)
    {
        var target = Listen(address, backlog: 0).LocalEndPoint!;
        while (true)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            try
            {
                await socket.ConnectAsync(target, patience.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
