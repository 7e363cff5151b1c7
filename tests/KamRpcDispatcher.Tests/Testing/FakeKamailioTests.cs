using System.Net.Sockets;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Testing;

/// <summary>
/// What only the fake can do: misbehave on purpose, and tell what it saw. That it otherwise answers like Kamailio is shown
/// against a real one, in the integration tests.
/// </summary>
public sealed class FakeKamailioTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    private FakeKamailio _kamailio = null!;
    private DatagramClient _client = null!;

    [SetUp]
    public void Start() => Start(new FakeKamailioOptions());

    [TearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _kamailio.DisposeAsync();
    }

    [Test]
    public async Task A_destination_that_was_added_is_listed()
    {
        await AddAsync("sip:127.0.0.1:7001");

        var list = await _client.CallAsync("dispatcher.list");

        Assert.That(list.GetProperty("RECORDS")[0].GetProperty("SET").GetProperty("TARGETS")[0].GetProperty("DEST").GetRawText(),
            Is.EqualTo("""{"URI":"sip:127.0.0.1:7001","FLAGS":"AP","PRIORITY":0,"ATTRS":{"BODY":"duid=a","DUID":"a","MAXLOAD":0,"WEIGHT":0,"RWEIGHT":0,"SOCKET":null,"SOCKNAME":null,"OBPROXY":null}}"""));
        Assert.That(_kamailio.Destinations, Is.EqualTo(new[] { new FakeDestination(1, "sip:127.0.0.1:7001", "AP", 0, "duid=a") }));
    }

    [TestCase("5.3.9", "AP", 0, null)]
    [TestCase("5.5.0", "AP", 0, "x=1")]
    [TestCase("5.6.3", "AP", 7, "y=2")]
    [TestCase("6.1.5", "AP", 7, "y=2")]
    public async Task Each_version_reads_the_parameters_of_add_in_its_own_way(string version, string flags, int priority, string? attrs)
    {
        await RestartWith(new FakeKamailioOptions { Version = version });

        await _client.CallAsync("dispatcher.add", version is "5.5.0" ? [1, "sip:127.0.0.1:7001", 8, "x=1"] : [1, "sip:127.0.0.1:7001", 8, 7, "y=2"]);

        Assert.That(_kamailio.Destinations.Single(), Is.EqualTo(new FakeDestination(1, "sip:127.0.0.1:7001", flags, priority, attrs)));
    }

    [Test]
    public async Task Foreign_destinations_survive_a_reload_and_a_restart_and_added_ones_do_not()
    {
        _kamailio.AddForeign(9, "sip:127.0.0.1:9001", "IP", 3, "duid=f");
        await AddAsync("sip:127.0.0.1:7001");
        var foreign = new[] { new FakeDestination(9, "sip:127.0.0.1:9001", "IP", 3, "duid=f") };

        _kamailio.Reload();
        Assert.That(_kamailio.Destinations, Is.EqualTo(foreign));

        await AddAsync("sip:127.0.0.1:7001");
        var upSince = (await _client.CallAsync("core.uptime")).GetProperty("up_since").GetString();
        await _kamailio.RestartAsync(TimeSpan.Zero);
        Assert.That(_kamailio.Destinations, Is.EqualTo(foreign));
        Assert.That((await _client.CallAsync("core.uptime")).GetProperty("up_since").GetString(), Is.Not.EqualTo(upSince));
    }

    [Test]
    public async Task Nobody_answers_while_it_is_stopped()
    {
        _kamailio.Stop();
        Assert.That(File.Exists(_kamailio.SocketPath), Is.False);
        Assert.That(() => _client.CallAsync("core.echo"), Throws.InstanceOf<SocketException>());

        _kamailio.StartAgain();
        await _client.CallAsync("core.echo");

        _kamailio.Stop(leaveSocketFile: true);
        Assert.That(File.Exists(_kamailio.SocketPath));
        Assert.That(() => _client.CallAsync("core.echo"),
            Throws.InstanceOf<SocketException>().With.Property("SocketErrorCode").EqualTo(SocketError.ConnectionRefused));
    }

    [Test]
    public async Task Kamailios_own_verdict_changes_the_flags()
    {
        await AddAsync("sip:127.0.0.1:7001");

        _kamailio.SetFlags(1, "sip:127.0.0.1:7001", "IP");

        Assert.That(_kamailio.Destinations.Single().Flags, Is.EqualTo("IP"));
        Assert.That(() => _kamailio.SetFlags(1, "sip:127.0.0.1:7002", "IP"), Throws.ArgumentException);
    }

    [Test]
    public async Task A_dropped_request_is_neither_executed_nor_answered()
    {
        await MisbehaveAsync(FakeReaction.DropRequest);

        await AssertNoAnswerAsync();
        Assert.That(_kamailio.Destinations, Is.Empty);
        Assert.That(_kamailio.StructuralChanges, Is.Zero);
    }

    [Test]
    public async Task A_dropped_reply_belongs_to_a_change_that_was_made()
    {
        await MisbehaveAsync(FakeReaction.DropReply);

        await AssertNoAnswerAsync();
        Assert.That(_kamailio.Destinations, Has.Count.EqualTo(1));
        Assert.That(_kamailio.StructuralChanges, Is.EqualTo(1));
    }

    [Test]
    public async Task A_malformed_reply_is_not_JSON()
    {
        await MisbehaveAsync(FakeReaction.Malform);

        Assert.That(await _client.ReceiveAsync(), Does.EndWith("}not json{"));
        Assert.That(_kamailio.Destinations, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_raw_reply_is_sent_as_it_is_and_nothing_executed()
    {
        await MisbehaveAsync(FakeReaction.ReplyWith("""{"jsonrpc":"2.0","id":99}"""));

        Assert.That(await _client.ReceiveAsync(), Is.EqualTo("""{"jsonrpc":"2.0","id":99}"""));
        Assert.That(_kamailio.Destinations, Is.Empty);
    }

    [Test]
    public async Task A_refusal_is_a_fault_and_nothing_is_executed()
    {
        await MisbehaveAsync(FakeReaction.Refuse(500, "Ongoing reload"));

        Assert.That(await _client.ReceiveAsync(), Is.EqualTo("""{"jsonrpc":"2.0","error":{"code":500,"message":"Ongoing reload"},"id":7}"""));
        Assert.That(_kamailio.Destinations, Is.Empty);
    }

    [Test]
    public async Task A_delay_holds_up_the_requests_behind_it()
    {
        var clock = new FakeTimeProvider();
        await RestartWith(new FakeKamailioOptions { TimeProvider = clock });
        _kamailio.OnRequest = request => request.Method == "dispatcher.add" ? FakeReaction.Delay(TimeSpan.FromSeconds(3)) : FakeReaction.Proceed;
        await _client.SendAsync(DatagramClient.Request(7, "dispatcher.add", 1, "sip:127.0.0.1:7001"));
        await _client.SendAsync(DatagramClient.Request(8, "core.echo"));
        await _kamailio.WaitForAsync(kamailio => kamailio.Requests.Count == 2, Soon);
        Assert.That(_kamailio.Destinations, Is.Empty);

        var first = _client.ReceiveAsync();
        while (!first.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1)); // The worker may come to its delay only now.
            await Task.Yield();
        }

        Assert.That(await first, Does.EndWith("\"id\":7}"));
        Assert.That(await _client.ReceiveAsync(), Does.EndWith("\"id\":8}"));
        Assert.That(_kamailio.MaxConcurrent, Is.EqualTo(2));
    }

    [TestCase("dispatcher.add")]
    [TestCase("dispatcher.remove")]
    [TestCase("dispatcher.reload")]
    public async Task On_6_2_nothing_is_answered_after_the_change_that_follows_a_refused_add(string change)
    {
        await RestartWith(new FakeKamailioOptions { Version = "6.2.0", CountsReaders = true });
        var refused = await Assert.ThrowsAsync<RpcCallException>(() => _client.CallAsync("dispatcher.add", 1, "sip:a.invalid", 8, 0, ""));
        await _client.CallAsync("dispatcher.list").ContinueWith(static _ => { }, TaskScheduler.Default);
        await _client.CallAsync("core.echo");

        // It is carried out, but does not return, and the one worker with it.
        _ = _client.CallAsync(change, change == "dispatcher.reload" ? [] : [1, "sip:127.0.0.1:7001"]).ContinueWith(static _ => { }, TaskScheduler.Default);
        await _kamailio.WaitForAsync(static kamailio => kamailio.IsStuck, Soon);
        using var other = new DatagramClient(_kamailio.SocketPath);
        _ = other.CallAsync("core.echo").ContinueWith(static _ => { }, TaskScheduler.Default);
        await _kamailio.WaitForAsync(static kamailio => kamailio.Requests[^1].Method == "core.echo", Soon);

        Assert.That(refused!.Message, Is.EqualTo("Adding dispatcher dst failed"));
        Assert.That(_kamailio.MaxConcurrent, Is.EqualTo(2), "the echo waits behind the change");
        _kamailio.StartAgain();
        Assert.That(_kamailio.IsStuck, Is.False);
    }

    [Test]
    public async Task On_6_2_with_load_mode_0_a_refused_add_is_Ok_and_adds_nothing_and_all_goes_on()
    {
        await RestartWith(new FakeKamailioOptions { Version = "6.2.0", CountsReaders = true, LoadMode = 0 });

        await _client.CallAsync("dispatcher.add", 1, "sip:a.invalid", 8, 0, "");
        await _client.CallAsync("dispatcher.add", 1, "sip:127.0.0.1:7001", 8, 0, "");
        await Assert.ThrowsAsync<RpcCallException>(() => _client.CallAsync("dispatcher.remove", 1, "sip:a.invalid"));
        await _client.CallAsync("core.echo");

        Assert.That(_kamailio.Destinations.Single().Uri, Is.EqualTo("sip:127.0.0.1:7001"));
    }

    [Test]
    public async Task A_late_reply_holds_up_nobody()
    {
        await MisbehaveAsync(FakeReaction.LateReply(TimeSpan.FromMilliseconds(200)));
        await _client.SendAsync(DatagramClient.Request(8, "dispatcher.list"));

        Assert.That(await _client.ReceiveAsync(), Does.Contain("sip:127.0.0.1:7001").And.EndsWith("\"id\":8}"));
        Assert.That(await _client.ReceiveAsync(), Does.EndWith("\"id\":7}"));
    }

    [Test]
    public async Task A_reply_over_the_limit_is_dropped()
    {
        await RestartWith(new FakeKamailioOptions { MaxReplyBytes = 1000 });
        await _client.CallAsync("core.echo", new string('x', 900));

        await _client.SendAsync(DatagramClient.Request(7, "core.echo", new string('x', 1000)));

        await AssertNoAnswerAsync();
    }

    [Test]
    public async Task Structural_changes_within_the_reload_window_are_refused()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await RestartWith(new FakeKamailioOptions { TimeProvider = clock, ReloadDelta = TimeSpan.FromSeconds(5) });
        await AddAsync("sip:127.0.0.1:7001");

        clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.That(() => AddAsync("sip:127.0.0.1:7002"), Throws.InstanceOf<RpcCallException>().With.Message.EqualTo("Ongoing reload"));
        await _client.CallAsync("dispatcher.set_state", "i", 1, "sip:127.0.0.1:7001");

        clock.Advance(TimeSpan.FromSeconds(0.1));
        await AddAsync("sip:127.0.0.1:7002");
    }

    [Test]
    public async Task One_request_after_the_other_is_never_counted_as_two_at_once()
    {
        for (var i = 0; i < 500; i++)
        {
            await _client.CallAsync("core.echo", i);
        }

        Assert.That(_kamailio.MaxConcurrent, Is.EqualTo(1));
        Assert.That(_kamailio.Requests.Select(request => request.Sequence), Is.EqualTo(Enumerable.Range(1, 500)));
    }

    [Test]
    public async Task Waiting_wakes_up_at_the_change_and_a_failure_tells_what_there_is()
    {
        var waiting = _kamailio.WaitForAsync(kamailio => kamailio.Destinations.Count == 1, Soon);
        await AddAsync("sip:127.0.0.1:7001");
        await waiting;

        Assert.That(() => _kamailio.WaitForAsync(kamailio => kamailio.Destinations.Count == 2, TimeSpan.FromMilliseconds(10)),
            Throws.InstanceOf<TimeoutException>().With.Message.Contains("Uri = sip:127.0.0.1:7001").And.Message.Contains("#1 dispatcher.add"));
    }

    [Test]
    public async Task A_pretty_reply_says_the_same()
    {
        await RestartWith(new FakeKamailioOptions { PrettyFormat = true });

        await _client.SendAsync(DatagramClient.Request(7, "core.echo", "x"));

        Assert.That(await _client.ReceiveAsync(), Does.StartWith("{\n\t\"jsonrpc\": \"2.0\",\n\t\"result\": ["));
    }

    private async Task AddAsync(string uri) => await _client.CallAsync("dispatcher.add", 1, uri, 8, 0, "duid=a");

    /// <summary>The one worker answers in order: when the next request is answered and the one before it is not, it never will be.</summary>
    private async Task AssertNoAnswerAsync()
    {
        await _client.SendAsync(DatagramClient.Request(8, "core.echo", "next"));
        Assert.That(await _client.ReceiveAsync(), Does.EndWith("\"id\":8}"));
    }

    /// <summary>Sends one add with id 7 that meets the reaction.</summary>
    private async Task MisbehaveAsync(FakeReaction reaction)
    {
        _kamailio.OnRequest = request => request.Id.GetInt32() == 7 ? reaction : FakeReaction.Proceed;
        await _client.SendAsync(DatagramClient.Request(7, "dispatcher.add", 1, "sip:127.0.0.1:7001", 8));
    }

    private void Start(FakeKamailioOptions options)
    {
        _kamailio = FakeKamailio.Start(options);
        _client = new DatagramClient(_kamailio.SocketPath);
    }

    private async Task RestartWith(FakeKamailioOptions options)
    {
        await Stop();
        Start(options);
    }
}
