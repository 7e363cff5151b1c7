using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Probe.Sip;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

/// <summary>Over real TCP, with a clock that stands still unless the test moves it.</summary>
public sealed class SipStreamProbeTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly ProbeOutcome Ok = new(ProbeVerdict.Alive, "200 OK");

    private ObservedTime _time;
    private StreamPeer _peer;
    private IProbe _probe;

    [SetUp]
    public void Open()
    {
        _time = new ObservedTime();
        _peer = new StreamPeer();
        _probe = Probe($"sip:{_peer.Address};transport=tcp");
    }

    [TearDown]
    public async Task Close()
    {
        await _probe.DisposeAsync();
        _peer.Dispose();
    }

    [TestCase("200 OK", ProbeVerdict.Alive, "200 OK")]
    [TestCase("404 Not Found", ProbeVerdict.Alive, "404 Not Found")]
    [TestCase("503 Service Unavailable", ProbeVerdict.Leaving, "answered 503 Service Unavailable")]
    [TestCase("500 Server Internal Error", ProbeVerdict.Dead, "answered 500 Server Internal Error")]
    public async Task The_answer_decides_and_the_connection_is_kept(string status, ProbeVerdict verdict, string reason)
    {
        Assert.That(await FirstAsync(status), Is.EqualTo(new ProbeOutcome(verdict, reason)));
        Assert.That(await NextAsync("200 OK"), Is.EqualTo(Ok));
        Assert.That(_peer.HasMore, Is.False);
    }

    [Test]
    public async Task Lines_may_end_in_line_feeds_alone_and_the_connection_is_kept()
    {
        Assert.That(await FirstAsync("200 OK"), Is.EqualTo(Ok));
        var looking = _probe.ProbeAsync(CancellationToken.None);
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync(request.Answer("200 OK").Replace("\r\n", "\n", StringComparison.Ordinal));
        Assert.That(await Outcome(looking), Is.EqualTo(Ok));
        Assert.That(await NextAsync("200 OK"), Is.EqualTo(Ok));
        Assert.That(_peer.HasMore, Is.False);
    }

    [Test]
    public async Task The_answer_is_found_among_all_that_a_peer_may_send()
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await _peer.AcceptAsync();
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync("\r\n\r\n\r\n");
        await _peer.SendAsync(request.Answer("100 Trying"));
        await _peer.SendAsync("OPTIONS sip:kamrpc SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nCSeq: 1 OPTIONS\r\nl: 12\r\n\r\nSIP/2.0 500\r\n\r\n");
        await _peer.SendAsync(request.Answer("500 Other").Replace("z9hG4bK", "z9hG4bX", StringComparison.Ordinal));
        foreach (var c in request.Answer("200 OK", "Content-Length: 4\r\n"))
        {
            await _peer.SendAsync(c.ToString());
        }

        Assert.That(looking.IsCompleted, Is.False, "the body is a part of the answer");
        await _peer.SendAsync("body");
        Assert.That(await Outcome(looking), Is.EqualTo(Ok));
        Assert.That(await NextAsync("200 OK"), Is.EqualTo(Ok));
    }

    [Test]
    public async Task What_comes_between_two_looks_is_passed_over()
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await _peer.AcceptAsync();
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync(request.Answer("200 OK") + request.Answer("500 Again") + "\r\n\r\n");
        await Outcome(looking);

        Assert.That(await NextAsync("404 Now"), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Alive, "404 Now")));
    }

    [TestCase(false)]
    [TestCase(true, Description = "with a reset")]
    public async Task A_connection_that_was_closed_meanwhile_is_made_anew(bool reset)
    {
        await FirstAsync("200 OK");
        if (reset)
        {
            ((NetworkStream)_peer.Stream).Socket.LingerState = new LingerOption(enable: true, 0);
        }

        await _peer.Stream.DisposeAsync();

        Assert.That(await FirstAsync("200 OK"), Is.EqualTo(Ok));
    }

    [Test]
    public async Task A_connection_that_is_closed_at_the_request_is_made_anew_once()
    {
        await FirstAsync("200 OK");
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await _peer.ReceiveAsync();
        await _peer.Stream.DisposeAsync();
        await _peer.AcceptAsync();
        await _peer.ReceiveAsync();
        await _peer.Stream.DisposeAsync();

        Assert.That(await Outcome(looking), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "connection closed by the server")));
        Assert.That(_peer.HasMore, Is.False);
    }

    [TestCase("")]
    [TestCase("SIP/2.0 200 OK\r\nVia: ")]
    [TestCase("100 Trying")]
    public async Task Half_an_answer_is_none(string answer)
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await _peer.AcceptAsync();
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync(answer.EndsWith("Trying", StringComparison.Ordinal) ? request.Answer(answer) : answer);
        _time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.That(await Outcome(looking), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "no answer to OPTIONS within 500ms")));
        Assert.That(await FirstAsync("200 OK"), Is.EqualTo(Ok), "over a new connection");
    }

    [Test]
    public async Task An_answer_without_a_length_counts_but_its_connection_is_not_used_again()
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await _peer.AcceptAsync();
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync(request.Answer("200 OK", "Content-Length: many\r\n"));

        Assert.That(await Outcome(looking), Is.EqualTo(Ok));
        Assert.That(await _peer.Stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Deadline), Is.Zero, "closed");
        Assert.That(await FirstAsync("200 OK"), Is.EqualTo(Ok));
    }

    [TestCase("SIP/2.0 200 OK\r\nl: -1\r\n\r\n", "a message without a valid Content-Length")]
    [TestCase("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "a message without a valid Content-Length")]
    [TestCase("SIP/2.0 200 OK\r\nl: 70000\r\n\r\n", "more than 65536 bytes that are no answer")]
    [TestCase("", "more than 65536 bytes that are no answer")]
    public async Task A_peer_that_talks_something_else_is_dead(string begin, string reason)
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await _peer.AcceptAsync();
        await _peer.ReceiveAsync();
        await _peer.SendAsync(begin + new string('x', 65536 - begin.Length));

        Assert.That(await Outcome(looking), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, reason)));
        Assert.That(await FirstAsync("200 OK"), Is.EqualTo(Ok));
    }

    [Test]
    public async Task A_closed_port_is_told_at_once()
    {
        await FirstAsync("200 OK");
        _peer.Dispose();

        Assert.That(await Outcome(_probe.ProbeAsync(CancellationToken.None)), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "connection refused")));

        _peer = new StreamPeer(port: _peer.Address.Port);
        Assert.That(await FirstAsync("200 OK"), Is.EqualTo(Ok));
    }

    [Test]
    public async Task A_cancelled_look_throws_and_the_next_one_works()
    {
        using var cancelled = new CancellationTokenSource();
        var looking = _probe.ProbeAsync(cancelled.Token);
        await _peer.AcceptAsync();
        await _peer.ReceiveAsync();
        await cancelled.CancelAsync();

        Assert.That(async () => await looking.WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await FirstAsync("200 OK"), Is.EqualTo(Ok));
    }

    [Test]
    public async Task A_server_on_IPv6_is_asked_there()
    {
        if (!Socket.OSSupportsIPv6)
        {
            Assert.Ignore("no IPv6 here");
        }

        _peer.Dispose();
        _peer = new StreamPeer(IPAddress.IPv6Loopback);
        await using var probe = Probe($"sip:{_peer.Address};transport=tcp");
        var looking = probe.ProbeAsync(CancellationToken.None);
        await _peer.AcceptAsync();
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync(request.Answer("200 OK"));

        Assert.That(request.Field("Via"), Does.StartWith($"SIP/2.0/TCP {((NetworkStream)_peer.Stream).Socket.RemoteEndPoint};"));
        Assert.That(await Outcome(looking), Is.EqualTo(Ok));
    }

    [Test]
    public async Task A_name_that_is_not_answered_for_says_nothing_of_the_server()
    {
        var never = new TaskCompletionSource<IPAddress[]>();
        await using var probe = new SipStreamProbe(
            new ProbeTarget(SipUri.Parse("sip:a.example.org;transport=tcp"), _ => never.Task), new SipProbeOptions(), _time);
        var looking = probe.ProbeAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.That(await Outcome(looking), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Unknown, "no address for the name within 500ms")));
    }

    private IProbe Probe(string uri) => SipProbe.Create(SipUri.Parse(uri), new SipProbeOptions(), _time);

    /// <summary>A look over a new connection.</summary>
    private async Task<ProbeOutcome> FirstAsync(string status)
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await _peer.AcceptAsync();
        await _peer.AnswerAsync(status);
        return await Outcome(looking);
    }

    /// <summary>A look over the one that is there.</summary>
    private async Task<ProbeOutcome> NextAsync(string status)
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await _peer.AnswerAsync(status);
        return await Outcome(looking);
    }

    private static Task<ProbeOutcome> Outcome(Task<ProbeOutcome> looking) => looking.WaitAsync(Deadline);
}
