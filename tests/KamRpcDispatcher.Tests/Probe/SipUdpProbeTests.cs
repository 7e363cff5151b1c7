using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Probe.Sip;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

/// <summary>Against a real socket, with a clock that stands still unless the test moves it: what is answered was not waited for.</summary>
public sealed class SipUdpProbeTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly SipProbeOptions Options = new();

    private ObservedTime _time;
    private UdpPeer _peer;
    private IProbe _probe;

    [SetUp]
    public void Open()
    {
        _time = new ObservedTime();
        _peer = new UdpPeer();
        _probe = Probe($"sip:{_peer.Address}");
    }

    [TearDown]
    public async Task Close()
    {
        await _probe.DisposeAsync();
        _peer.Dispose();
    }

    [TestCase("200 OK", ProbeVerdict.Alive, "200 OK")]
    [TestCase("202 Accepted", ProbeVerdict.Alive, "202 Accepted")]
    [TestCase("200", ProbeVerdict.Alive, "200")]
    [TestCase("404 Not Found", ProbeVerdict.Alive, "404 Not Found")]
    [TestCase("503 Service Unavailable", ProbeVerdict.Leaving, "answered 503 Service Unavailable")]
    [TestCase("500 Server Internal Error", ProbeVerdict.Dead, "answered 500 Server Internal Error")]
    [TestCase("401 Unauthorized", ProbeVerdict.Dead, "answered 401 Unauthorized")]
    [TestCase("302 Moved\u0007 to \u00fc", ProbeVerdict.Dead, @"answered 302 Moved\u0007 to \u00fc")]
    public async Task The_answer_decides(string status, ProbeVerdict verdict, string reason)
    {
        var outcome = await AnsweredAsync(_probe, status);

        Assert.That(outcome, Is.EqualTo(new ProbeOutcome(verdict, reason)));
    }

    [TestCase("\r\n\r\n", "\r\n")]
    [TestCase("\r\n", "\n")]
    public async Task Lines_that_end_as_Kamailio_takes_them_are_taken(string end, string other)
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync(request.Answer("200 OK").Replace(end, other, StringComparison.Ordinal));

        Assert.That(await Outcome(looking), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Alive, "200 OK")));
    }

    [Test]
    public async Task An_answer_that_is_listed_is_alive_even_503()
    {
        await using var probe = Probe($"sip:{_peer.Address}", Options with { Alive = SipStatusCodes.Parse("401,503") });

        Assert.That((await AnsweredAsync(probe, "503 Busy")).Verdict, Is.EqualTo(ProbeVerdict.Alive));
        Assert.That((await AnsweredAsync(probe, "401 Unauthorized")).Verdict, Is.EqualTo(ProbeVerdict.Alive));
        Assert.That((await AnsweredAsync(probe, "200 OK")).Verdict, Is.EqualTo(ProbeVerdict.Dead));
    }

    [Test]
    public async Task A_long_phrase_is_cut_to_a_reason()
    {
        var outcome = await AnsweredAsync(_probe, "500 " + new string('\u00fc', 1000));

        Assert.That(outcome.Reason, Has.Length.EqualTo(MemberValidation.MaxReasonLength));
        Assert.That(outcome.Reason, Does.EndWith("..."));
    }

    [Test]
    public async Task A_request_that_was_lost_is_sent_again_as_it_was()
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        var lost = await _peer.ReceiveAsync();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        var again = await _peer.ReceiveAsync();
        await _peer.SendAsync(again.Answer("200 OK"));

        Assert.That(again, Is.EqualTo(lost));
        Assert.That(await Outcome(looking), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Alive, "200 OK")));
    }

    [Test]
    public async Task Without_an_answer_it_sends_three_times_and_gives_up_at_the_timeout()
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        foreach (var wait in new[] { 100, 200, 200 })
        {
            await _peer.ReceiveAsync();
            _time.Advance(TimeSpan.FromMilliseconds(wait));
        }

        Assert.That(await Outcome(looking), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "no answer to OPTIONS within 500ms")));
        Assert.That(_time.Waits.Select(static wait => wait.TotalMilliseconds), Is.EqualTo(new[] { 100, 200, 200 }));
        Assert.That(_peer.HasMore, Is.False);
    }

    [Test]
    public async Task With_a_long_timeout_it_repeats_at_the_intervals_of_the_RFC()
    {
        await using var probe = Probe($"sip:{_peer.Address}", Options with { Timeout = TimeSpan.FromSeconds(16) });
        var looking = probe.ProbeAsync(CancellationToken.None);
        foreach (var wait in new[] { 0.5, 1, 2, 4, 4, 4, 0.5 })
        {
            await _peer.ReceiveAsync();
            _time.Advance(TimeSpan.FromSeconds(wait));
        }

        Assert.That((await Outcome(looking)).Reason, Is.EqualTo("no answer to OPTIONS within 16s"));
    }

    [Test]
    public async Task A_provisional_answer_is_not_the_answer_and_stops_the_quick_retransmissions()
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync(request.Answer("100 Trying"));
        await _time.WaitForWaitsAsync(2);
        Assert.That(looking.IsCompleted, Is.False);

        _time.Advance(TimeSpan.FromMilliseconds(400));
        await _peer.SendAsync(request.Answer("200 OK"));

        Assert.That((await Outcome(looking)).Verdict, Is.EqualTo(ProbeVerdict.Alive));
        Assert.That(_peer.HasMore, Is.False);
    }

    [Test]
    public async Task What_is_no_answer_to_the_request_is_passed_over()
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        var request = await _peer.ReceiveAsync();
        var answer = request.Answer("500 Wrong");
        await _peer.SendAsync(answer.Replace("z9hG4bK", "z9hG4bX", StringComparison.Ordinal));
        await _peer.SendAsync(answer.Replace("1 OPTIONS", "1 INVITE", StringComparison.Ordinal));
        await _peer.SendAsync(answer.Replace("SIP/2.0 500", "SIP/2.0 50", StringComparison.Ordinal));
        await _peer.SendAsync(answer.Replace("SIP/2.0 500", "SIP/3.0 500", StringComparison.Ordinal));
        await _peer.SendAsync(answer.Replace("SIP/2.0 500", "SIP/2.0 700", StringComparison.Ordinal));
        await _peer.SendAsync(answer.Replace("SIP/2.0 500 Wrong", "OPTIONS sip:a SIP/2.0", StringComparison.Ordinal));
        await _peer.SendAsync(answer[..^4]);
        await _peer.SendAsync(answer.Replace("Via: ", "Via: SIP/2.0/UDP a;branch=z9hG4bK1, ", StringComparison.Ordinal));
        await _peer.SendAsync(request.Text);
        await _peer.SendAsync("\r\n\r\n");
        await _peer.SendAsync([]);
        await _peer.SendAsync(RandomNumberGenerator.GetBytes(10_000));
        await _peer.SendAsync(request.Answer("200 OK"));

        Assert.That(await Outcome(looking), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Alive, "200 OK")));
    }

    [Test]
    public async Task A_late_answer_to_the_look_before_does_not_count()
    {
        var first = _probe.ProbeAsync(CancellationToken.None);
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync(request.Answer("200 OK"));
        await Outcome(first);
        await _peer.SendAsync(request.Answer("200 OK"));
        var client = _peer.Client;

        var outcome = await AnsweredAsync(_probe, "500 Now");

        Assert.That(outcome.Reason, Is.EqualTo("answered 500 Now"));
        Assert.That(_peer.Client, Is.EqualTo(client), "the socket is kept");
    }

    [Test]
    public async Task After_no_answer_the_next_look_has_a_new_socket()
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await _peer.ReceiveAsync();
        var client = _peer.Client;
        _time.Advance(TimeSpan.FromSeconds(1));
        await Outcome(looking);

        Assert.That((await AnsweredAsync(_probe, "200 OK")).Verdict, Is.EqualTo(ProbeVerdict.Alive));
        Assert.That(_peer.Client, Is.Not.EqualTo(client));
    }

    [Test]
    public async Task A_closed_port_is_told_at_once_and_an_open_one_again_too()
    {
        await AnsweredAsync(_probe, "200 OK");
        _peer.Dispose();
        for (var i = 0; i < 3; i++)
        {
            Assert.That(await Outcome(_probe.ProbeAsync(CancellationToken.None)), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "connection refused")));
        }

        using var again = new UdpPeer(port: _peer.Address.Port);
        var looking = _probe.ProbeAsync(CancellationToken.None);
        await again.AnswerAsync("200 OK");
        Assert.That((await Outcome(looking)).Verdict, Is.EqualTo(ProbeVerdict.Alive));
    }

    [Test]
    public async Task A_server_that_answers_from_another_address_than_it_was_asked_at_is_alive()
    {
        using var other = new UdpPeer(IPAddress.Parse("127.0.0.2"));
        var looking = _probe.ProbeAsync(CancellationToken.None);
        var request = await _peer.ReceiveAsync();
        await other.SendAsync(request.Answer("200 From elsewhere"), _peer.Client!);

        Assert.That(await Outcome(looking), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Alive, "200 From elsewhere")));
    }

    [Test]
    public async Task Who_does_not_know_the_branch_cannot_answer_for_the_server()
    {
        using var other = new UdpPeer(IPAddress.Parse("127.0.0.2"));
        var looking = _probe.ProbeAsync(CancellationToken.None);
        var request = await _peer.ReceiveAsync();
        for (var guess = 0; guess < 100; guess++)
        {
            await other.SendAsync(request.Answer("500 Forged").Replace(request.Branch, $"z9hG4bK{guess:x16}", StringComparison.Ordinal), _peer.Client!);
        }

        await _peer.SendAsync(request.Answer("200 OK"));
        Assert.That((await Outcome(looking)).Verdict, Is.EqualTo(ProbeVerdict.Alive));
    }

    [Test]
    public async Task A_closed_port_of_IPv6_is_told_at_once_too()
    {
        if (!Socket.OSSupportsIPv6)
        {
            Assert.Ignore("no IPv6 here");
        }

        using var peer = new UdpPeer(IPAddress.IPv6Loopback);
        await using var probe = Probe($"sip:{peer.Address}");
        var looking = probe.ProbeAsync(CancellationToken.None);
        await peer.AnswerAsync("200 OK");
        await Outcome(looking);
        peer.Dispose();

        for (var i = 0; i < 3; i++)
        {
            Assert.That(await Outcome(probe.ProbeAsync(CancellationToken.None)), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "connection refused")));
        }
    }

    [Test]
    public async Task An_answer_may_be_as_long_as_a_datagram()
    {
        var looking = _probe.ProbeAsync(CancellationToken.None);
        var request = await _peer.ReceiveAsync();
        await _peer.SendAsync(request.Answer("200 OK").Replace("Via: ", $"X: {new string('x', 60_000)}\r\nVia: ", StringComparison.Ordinal));

        Assert.That((await Outcome(looking)).Verdict, Is.EqualTo(ProbeVerdict.Alive));
    }

    [Test]
    public async Task A_cancelled_look_throws_and_the_next_one_works()
    {
        using var cancelled = new CancellationTokenSource();
        var looking = _probe.ProbeAsync(cancelled.Token);
        await _peer.ReceiveAsync();
        await cancelled.CancelAsync();

        Assert.That(async () => await looking.WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await _probe.ProbeAsync(cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That((await AnsweredAsync(_probe, "200 OK")).Verdict, Is.EqualTo(ProbeVerdict.Alive));
    }

    [Test]
    public async Task A_server_on_IPv6_is_asked_there()
    {
        if (!Socket.OSSupportsIPv6)
        {
            Assert.Ignore("no IPv6 here");
        }

        using var peer = new UdpPeer(IPAddress.IPv6Loopback);
        await using var probe = Probe($"sip:{peer.Address}");
        var looking = probe.ProbeAsync(CancellationToken.None);
        var request = await peer.ReceiveAsync();
        await peer.SendAsync(request.Answer("200 OK"));

        Assert.That(request.Field("Via"), Does.StartWith($"SIP/2.0/UDP {peer.Client};"));
        Assert.That((await Outcome(looking)).Verdict, Is.EqualTo(ProbeVerdict.Alive));
    }

    [Test]
    public async Task A_name_that_leads_elsewhere_is_followed()
    {
        var addresses = new[] { IPAddress.Loopback };
        using var other = new UdpPeer(IPAddress.Parse("127.0.0.2"), _peer.Address.Port);
        await using var probe = new SipUdpProbe(
            new ProbeTarget(SipUri.Parse($"sip:a.example.org:{_peer.Address.Port}"), _ => Task.FromResult(addresses)), Options, _time);
        await AnsweredAsync(probe, "200 OK");
        addresses = [IPAddress.Parse("127.0.0.2")];
        await AnsweredAsync(probe, "200 OK");

        var looking = probe.ProbeAsync(CancellationToken.None);
        await other.AnswerAsync("200 There");
        Assert.That((await Outcome(looking)).Reason, Is.EqualTo("200 There"));
    }

    [Test]
    public async Task A_name_without_an_address_is_dead()
    {
        await using var probe = new SipUdpProbe(new ProbeTarget(SipUri.Parse("sip:a.example.org"), static _ => Task.FromResult<IPAddress[]>([])), Options, _time);

        Assert.That((await Outcome(probe.ProbeAsync(CancellationToken.None))).Reason, Is.EqualTo("the name has no address"));
    }

    [Test]
    public async Task An_address_that_nothing_leads_to_is_dead()
    {
        // Class E: the kernel sends nothing there.
        await using var probe = Probe("sip:240.0.0.1");
        var looking = probe.ProbeAsync(CancellationToken.None);
        await Task.WhenAny(looking, _time.WaitForWaitsAsync(1));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.That((await Outcome(looking)).Verdict, Is.EqualTo(ProbeVerdict.Dead));
    }

    private IProbe Probe(string uri, SipProbeOptions? options = null) => SipProbe.Create(SipUri.Parse(uri), options ?? Options, _time);

    private async Task<ProbeOutcome> AnsweredAsync(IProbe probe, string status)
    {
        var looking = probe.ProbeAsync(CancellationToken.None);
        await _peer.AnswerAsync(status);
        return await Outcome(looking);
    }

    private static Task<ProbeOutcome> Outcome(Task<ProbeOutcome> looking) => looking.WaitAsync(Deadline);
}
