using System.Net;
using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Asterisk.Ami;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Asterisk;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AmiSessionTests : IAsyncDisposable
{
    private const string ShuttingDown = "Response: Error\r\nActionID: #\r\nMessage: Asterisk is shutting down\r\n\r\n";

    private readonly ObservedTime _time = new();
    private readonly FakeAmi _asterisk = new();

    public ValueTask DisposeAsync() => _asterisk.DisposeAsync();

    [Test]
    public async Task The_secret_does_not_go_over_the_wire()
    {
        await using var session = await OpenAsync();

        // printf '194062776s3cret' | md5sum
        Assert.That(_asterisk.Requests, Is.EqualTo(new[]
        {
            "Action: Challenge\nActionID: 1\nAuthType: MD5\n",
            "Action: Login\nActionID: 2\nAuthType: MD5\nUsername: kamrpc\nKey: 5e16b000eec035f578c019f9f15f85e4\nEvents: system\n",
        }));
    }

    [Test]
    public async Task With_calls_up_the_channels_are_not_listed()
    {
        _asterisk.CoreStatus = "Response: Success\r\nActionID: #\r\nCoreCurrentCalls: 2\r\n\r\n";
        await using var session = await OpenAsync();

        Assert.That(await session.CountAsync(default), Is.EqualTo(new AsteriskCount(2, null)));
        Assert.That(_asterisk.Requests, Has.None.Contains("CoreShowChannels"));
    }

    [Test]
    public async Task Without_calls_the_channels_are_counted_too()
    {
        await using var session = await OpenAsync();

        Assert.That(await session.CountAsync(default), Is.EqualTo(new AsteriskCount(0, 1)));
    }

    [Test]
    public async Task Answers_to_others_and_events_in_between_are_passed_over()
    {
        _asterisk.Answer = static action => action != "CoreStatus" ? null
            : "Response: Success\r\nActionID: 1\r\nCoreCurrentCalls: 9\r\n\r\nEvent: Reload\r\nModule: All\r\n\r\nResponse: Success\r\nCoreCurrentCalls: 8\r\n\r\n"
            + "Response: Success\r\nActionID: #\r\nCoreCurrentCalls: 1\r\n\r\n";
        await using var session = await OpenAsync();

        Assert.That((await session.CountAsync(default)).Calls, Is.EqualTo(1));
    }

    [Test]
    public async Task Whoever_asks_at_once_gets_his_own_answer()
    {
        await using var session = await OpenAsync();

        var counts = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => session.CountAsync(default)));

        Assert.That(counts, Is.All.EqualTo(new AsteriskCount(0, 1)));
    }

    [TestCase("Challenge", typeof(AmiShuttingDownException))]
    [TestCase("Login", typeof(AmiShuttingDownException))]
    public void An_Asterisk_that_is_shutting_down_lets_nobody_in(string at, Type type)
    {
        _asterisk.Answer = action => action == at ? ShuttingDown : null;

        Assert.That(OpenAsync, Throws.TypeOf(type));
    }

    [Test]
    public void A_wrong_secret_is_told_from_all_else()
    {
        _asterisk.Answer = static action => action == "Login" ? "Response: Error\r\nActionID: #\r\nMessage: Authentication failed\r\n\r\n" : null;

        Assert.That(OpenAsync, Throws.TypeOf<AmiRefusedException>().With.Message.EqualTo("Asterisk refuses Login: Authentication failed"));
    }

    [Test]
    public async Task A_right_that_is_missing_is_told_and_the_session_goes_on()
    {
        _asterisk.Answer = static action => action == "CoreStatus" ? "Response: Error\r\nActionID: #\r\nMessage: Permission denied\r\n\r\n" : null;
        await using var session = await OpenAsync();

        Assert.That(() => session.CountAsync(default), Throws.TypeOf<AmiRefusedException>().With.Message.Contains("CoreStatus: Permission denied"));
        Assert.That(() => session.PingAsync(default), Throws.Nothing);
    }

    [Test]
    public async Task An_end_of_the_connection_ends_the_call_that_waits()
    {
        _asterisk.Answer = static action => action == "Ping" ? "" : null;
        await using var session = await OpenAsync();
        var ping = session.PingAsync(default);
        await _asterisk.WaitForRequestsAsync("Ping", 1);

        _asterisk.Drop();

        Assert.That(() => ping, Throws.TypeOf<AmiUnreachableException>());
        Assert.That(await session.Closed.WaitAsync(TimeSpan.FromSeconds(5)), Is.TypeOf<AmiUnreachableException>());
        Assert.That(() => session.CountAsync(default), Throws.TypeOf<AmiUnreachableException>());
    }

    [Test]
    public async Task An_answer_that_does_not_come_is_not_waited_for_and_one_that_comes_late_is_nobodys()
    {
        _asterisk.Answer = static action => action == "Ping" ? "" : null;
        await using var session = await OpenAsync();
        var ping = session.PingAsync(default);
        await _asterisk.WaitForRequestsAsync("Ping", 1);

        _time.Advance(AmiConnection.CallTime);

        Assert.That(() => ping, Throws.TypeOf<AmiUnreachableException>().With.Message.EndsWith("nothing within 2s on Ping"));
        _asterisk.Send("Response: Success\r\nActionID: 3\r\nCoreCurrentCalls: 5\r\n\r\n");
        Assert.That((await session.CountAsync(default)).Calls, Is.Zero);
    }

    [Test]
    public void A_server_that_does_not_greet_is_not_waited_for()
    {
        _asterisk.Greeting = [];
        var opening = OpenAsync();

        _time.Advance(AmiSession.OpenTime);

        Assert.That(() => opening, Throws.TypeOf<AmiUnreachableException>().With.Message.EndsWith("no login within 5s"));
    }

    [TestCase("SSH-2.0-OpenSSH_9.2\r\n")]
    [TestCase("\0\u0001\u0002\n")]
    public void Whoever_is_not_Asterisk_is_told_from_it(string greeting)
    {
        _asterisk.Greeting = Encoding.ASCII.GetBytes(greeting);

        Assert.That(OpenAsync, Throws.TypeOf<AmiProtocolException>().With.Message.Contains("is not Asterisk's manager interface: it says '"));
    }

    [Test]
    public void A_line_that_does_not_end_is_not_kept()
    {
        _asterisk.Greeting = new byte[1 << 20];

        Assert.That(OpenAsync, Throws.TypeOf<AmiProtocolException>());
    }

    [Test]
    public async Task Nonsense_in_the_place_of_a_number_is_no_count()
    {
        _asterisk.CoreStatus = "Response: Success\r\nActionID: #\r\nCoreCurrentCalls: -1\r\n\r\n";
        await using var session = await OpenAsync();

        Assert.That(() => session.CountAsync(default), Throws.TypeOf<AmiProtocolException>());
    }

    [Test]
    public async Task A_flood_of_events_ends_no_call_but_its_own_time_does()
    {
        _asterisk.Answer = static action => action == "Ping" ? string.Concat(Enumerable.Repeat("Event: Noise\r\nActionID: 3\r\n\r\n", 20_000)) : null;
        await using var session = await OpenAsync();
        var ping = session.PingAsync(default);
        await _asterisk.WaitForRequestsAsync("Ping", 1);

        _time.Advance(AmiConnection.CallTime);

        Assert.That(() => ping, Throws.TypeOf<AmiUnreachableException>());
    }

    [Test]
    public void Nobody_listening_is_said_at_once()
    {
        using var taken = new Socket(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.That(AmiAddress.TryParse($"127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}", out var address, out _));

        Assert.That(
            () => AmiSession.OpenAsync(address!, FakeAmiAccess.Credentials, static _ => { }, _time, default),
            Throws.TypeOf<AmiUnreachableException>().With.Message.Contains("refused"));
    }

    private Task<AmiSession> OpenAsync() => AmiSession.OpenAsync(FakeAmiAccess.AddressOf(_asterisk), FakeAmiAccess.Credentials, static _ => { }, _time, default);
}
