using System.Net;
using System.Net.Sockets;
using KamailioRpc;
using KamRpcDispatcher.Probe;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

public class TcpProbeTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    [TestCase("127.0.0.1")]
    [TestCase("localhost")]
    public async Task A_port_that_takes_connections_is_alive_and_a_closed_one_is_refused(string host)
    {
        using var peer = new StreamPeer();
        await using var probe = new TcpProbe(host, peer.Address.Port, Timeout);
        Assert.That(await probe.ProbeAsync(CancellationToken.None), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Alive, "connected")));

        peer.Dispose();
        Assert.That(await probe.ProbeAsync(CancellationToken.None), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "connection refused")));
    }

    [Test]
    public async Task A_name_that_nobody_has_is_dead()
    {
        await using var probe = new TcpProbe("nobody.invalid", 5060, Timeout);

        var outcome = await probe.ProbeAsync(CancellationToken.None);

        Assert.That(outcome.Verdict, Is.EqualTo(ProbeVerdict.Dead));
        Assert.That(outcome.Reason, Does.StartWith("the name "));
    }

    [TestCase(SocketError.TryAgain, "the name cannot be looked up")]
    [TestCase(SocketError.NoRecovery, "the name cannot be looked up")]
    public async Task What_no_name_server_answers_for_says_nothing_of_the_server(SocketError error, string reason)
    {
        await using var probe = new TcpProbe("a.example.org", 5060, Timeout, new NameResolver(_ => throw new SocketException((int)error), TimeProvider.System));

        Assert.That(await probe.ProbeAsync(CancellationToken.None), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Unknown, reason)));
    }

    [TestCase(SocketError.TooManyOpenSockets, true)]
    [TestCase(SocketError.AccessDenied, true, Description = "a firewall's rule for what leaves, or a full table of connections")]
    [TestCase(SocketError.NoBufferSpaceAvailable, true)]
    [TestCase(SocketError.ConnectionRefused, false)]
    [TestCase(SocketError.HostNotFound, false)]
    [TestCase(SocketError.NetworkUnreachable, false)]
    public void What_fails_for_want_of_something_here_says_nothing_of_the_server(SocketError error, bool isUnknown)
    {
        var outcome = ProbeOutcome.Of(new IOException("outer", new SocketException((int)error)));

        Assert.That(outcome.Verdict, Is.EqualTo(isUnknown ? ProbeVerdict.Unknown : ProbeVerdict.Dead));
        Assert.That(outcome.Reason, Does.Not.Contain("in system"));
    }

    [Test]
    public async Task A_host_that_says_nothing_is_dead_at_the_timeout()
    {
        // A listener whose queue is full: the kernel drops what comes more.
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        using var first = new TcpClient("127.0.0.1", port);
        await using var probe = new TcpProbe("127.0.0.1", port, TimeSpan.FromMilliseconds(200));

        Assert.That(await probe.ProbeAsync(CancellationToken.None), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "no connection within 200ms")));
    }

    [Test]
    public async Task A_cancelled_look_throws()
    {
        await using var probe = new TcpProbe("127.0.0.1", 5060, Timeout);

        Assert.That(async () => await probe.ProbeAsync(new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
    }
}
