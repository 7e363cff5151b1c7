using System.Net.Sockets;
using KamailioRpc.Commands;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RpcClientTests : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private readonly FakeKamailio _kamailio = FakeKamailio.Start();
    private readonly TemporaryFolder _folder = new();
    private readonly RpcClient _client;

    public RpcClientTests() => _client = Client(_kamailio.Address);

    private string ReplyDirectory => _folder.File("replies");

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _kamailio.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task A_call_has_its_result()
    {
        var version = await InvokeAsync("core.version");

        Assert.That(version.ToText(), Is.EqualTo("kamailio 5.6.3 (x86_64/linux) "));
    }

    [Test]
    public async Task Arguments_arrive_as_what_they_are()
    {
        await _client.InvokeAsync("dispatcher.add", [3, "sip:10.0.0.1", 8, 16777216, "a=\"\u00e9+<'"], CancellationToken.None);

        var added = _kamailio.Destinations.Single();
        Assert.That(added, Is.EqualTo(new FakeDestination(3, "sip:10.0.0.1", "AP", 16777216, "a=\"\u00e9+<'")));
    }

    [Test]
    public async Task A_fault_keeps_code_and_message()
    {
        var fault = await Assert.ThrowsAsync<KamailioFaultException>(() => InvokeAsync("dispatcher.list"));

        Assert.Multiple(() =>
        {
            Assert.That(fault!.Code, Is.EqualTo(500));
            Assert.That(fault.FaultMessage, Is.EqualTo("No Destination Sets"));
            Assert.That(fault.IsTransient, Is.False);
        });
    }

    [TestCase(-32600)]
    [TestCase(-32601)]
    [TestCase(-32602)]
    [TestCase(-32603)]
    [TestCase(-32700)]
    [TestCase(0)]
    [TestCase(404)]
    public async Task A_fault_of_any_code_is_Kamailios_answer_and_not_its_end(int code)
    {
        _kamailio.OnRequest = _ => FakeReaction.Refuse(code, "Something");

        var fault = await Assert.ThrowsAsync<KamailioFaultException>(() => InvokeAsync("core.version"));
        Assert.That((fault!.Code, fault.FaultMessage, fault.IsUnknownMethod), Is.EqualTo((code, "Something", code == -32601)));

        var socket = Directory.GetFiles(ReplyDirectory).Single();
        await Assert.ThrowsAsync<KamailioFaultException>(() => InvokeAsync("core.version"));
        Assert.That(Directory.GetFiles(ReplyDirectory), Is.EqualTo(new[] { socket }), "over the same connection");
    }

    /// <summary>systemd removes a runtime directory that two units name when either stops, and nobody but root can make it anew.</summary>
    [Test]
    public async Task A_reply_directory_that_has_gone_and_cannot_be_made_is_replaced_by_the_spare_one()
    {
        var options = new RpcClientOptions { ReplyDirectory = "/proc/kamrpc", SpareReplyDirectory = ReplyDirectory, Timeout = Timeout };
        await using var client = new RpcClient(_client.Address, options);

        await client.InvokeAsync("core.version", [], CancellationToken.None);

        Assert.That(Directory.GetFiles(ReplyDirectory), Has.Length.EqualTo(1));
        await using var without = new RpcClient(_client.Address, options with { SpareReplyDirectory = null });
        await Assert.ThrowsAsync<KamailioUnreachableException>(() => without.InvokeAsync("core.version", [], CancellationToken.None));
    }

    [Test]
    public async Task A_connection_outlives_faults()
    {
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<KamailioFaultException>(() => InvokeAsync("dispatcher.list"));
        }

        await InvokeAsync("core.version");
        Assert.That(Directory.GetFiles(ReplyDirectory), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task A_reply_that_does_not_come_is_a_timeout_and_the_next_call_works()
    {
        _kamailio.OnRequest = static request => request.Sequence == 1 ? FakeReaction.DropReply : FakeReaction.Proceed;

        var timeout = await Assert.ThrowsAsync<KamailioTimeoutException>(() => InvokeAsync("core.version"));
        Assert.That(timeout!.IsTransient);

        Assert.That((await InvokeAsync("core.version")).ToText(), Does.StartWith("kamailio"));
    }

    [Test]
    public async Task A_reply_that_comes_late_is_never_taken_for_another_calls()
    {
        _kamailio.OnRequest = static request => request.Method == "core.version" ? FakeReaction.LateReply(Timeout * 1.5) : FakeReaction.Delay(Timeout * 0.6);

        await Assert.ThrowsAsync<KamailioTimeoutException>(() => InvokeAsync("core.version"));

        // Its reply is sent while the next call waits for its own.
        await Assert.ThrowsAsync<KamailioFaultException>(() => InvokeAsync("dispatcher.list"));
    }

    [TestCase("rubbish")]
    [TestCase("")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"jsonrpc":"2.0","id":null,"result":1}""")]
    [TestCase("""{"jsonrpc":"2.0","id":2}""")]
    [TestCase("""{"jsonrpc":"2.0","id":2,"error":{}}""")]
    [TestCase("""{"jsonrpc":"2.0","id":2,"error":{"code":500,"message":"\ud800"}}""")]
    public async Task A_reply_that_cannot_be_read_is_malformed_and_the_next_call_works(string reply)
    {
        _kamailio.OnRequest = request => request.Sequence == 1 ? FakeReaction.ReplyWith(reply) : FakeReaction.Proceed;

        var malformed = await Assert.ThrowsAsync<KamailioMalformedReplyException>(() => InvokeAsync("core.version"));
        Assert.That(malformed!.IsTransient);

        Assert.That((await InvokeAsync("core.version")).ToText(), Does.StartWith("kamailio"));
    }

    [Test]
    public async Task A_reply_to_somebody_elses_call_is_not_taken()
    {
        _kamailio.OnRequest = static _ => FakeReaction.ReplyWith("""{"jsonrpc":"2.0","id":4711,"result":"x"}""");

        await Assert.ThatAsync(() => InvokeAsync("core.version"), Throws.InstanceOf<KamailioTimeoutException>());
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_Kamailio_that_is_not_there_is_unreachable(bool leavesSocketFile)
    {
        await InvokeAsync("core.version");
        _kamailio.Stop(leavesSocketFile);

        var unreachable = await Assert.ThrowsAsync<KamailioUnreachableException>(() => InvokeAsync("core.version"));

        Assert.That(unreachable!.IsTransient);
        Assert.That(unreachable.Message, Does.Contain(_kamailio.SocketPath));
    }

    [Test]
    public async Task One_Kamailio_is_told_from_the_next_by_its_socket()
    {
        var peer = _client.InstanceToken;
        await InvokeAsync("core.version");
        Assert.That(_client.InstanceToken, Is.EqualTo(peer));

        await _kamailio.RestartAsync(TimeSpan.FromMilliseconds(20));
        Assert.That(_client.InstanceToken, Is.Not.EqualTo(peer));
    }

    [Test]
    public async Task A_call_that_went_to_a_Kamailio_of_before_is_not_waited_for()
    {
        await using var client = Client(_kamailio.Address, TimeSpan.FromMinutes(1));
        using var isIn = new SemaphoreSlim(0);
        _kamailio.OnRequest = _ =>
        {
            isIn.Release();
            return FakeReaction.DropReply;
        };
        var call = client.InvokeAsync("core.version", [], CancellationToken.None);
        await isIn.WaitAsync();

        client.AbortConnections();

        var restarted = await Assert.ThrowsAsync<KamailioGoneException>(() => call.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.That(restarted!.IsTransient);
        _kamailio.OnRequest = null;
        Assert.That((await client.InvokeAsync("core.version", [], CancellationToken.None)).ToText(), Does.StartWith("kamailio"));
    }

    [Test]
    public async Task A_restart_between_two_calls_is_not_noticed()
    {
        await InvokeAsync("core.version");
        _kamailio.StartAgain();

        Assert.That((await InvokeAsync("core.version")).ToText(), Does.StartWith("kamailio"));
    }

    [Test]
    public async Task One_call_is_under_way_at_a_time()
    {
        _kamailio.OnRequest = static _ => FakeReaction.Delay(TimeSpan.FromMilliseconds(10));

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => InvokeAsync("core.version")));

        Assert.That(_kamailio.Requests, Has.Count.EqualTo(10));
        Assert.That(_kamailio.MaxConcurrent, Is.EqualTo(1));
    }

    [Test]
    public async Task A_cancelled_call_says_so_and_tells_Kamailio_nothing()
    {
        using var cancellation = new CancellationTokenSource();
        _kamailio.OnRequest = request =>
        {
            cancellation.Cancel();
            return FakeReaction.DropReply;
        };

        await Assert.ThatAsync(() => _client.InvokeAsync("core.version", [], cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_kamailio.Requests.Select(static request => request.Method), Is.EqualTo(new[] { "core.version" }));
    }

    /// <summary>Kamailio 6.2: after one refused add the next change never returns, nor does anything behind it.</summary>
    [Test]
    public async Task A_writer_that_does_not_come_back_is_told_until_it_answers()
    {
        await using var client = Client(_kamailio.Address, TimeSpan.FromMilliseconds(200));
        _kamailio.OnRequest = static _ => FakeReaction.DropReply;
        await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.InvokeAsync("dispatcher.add", [1, "sip:10.0.0.1", 0], CancellationToken.None));
        Assert.That(client.Unanswered! with { For = default }, Is.EqualTo(new Unanswered("dispatcher.add", "dispatcher.add", default, 1, IsWriterStuck: false)));

        foreach (var method in new[] { "core.uptime", "core.echo" })
        {
            await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.InvokeAsync(method, [], CancellationToken.None));
        }

        Assert.That((client.Unanswered!.Change, client.Unanswered.Count, client.Unanswered.IsWriterStuck), Is.EqualTo(("dispatcher.add", 3, true)));
        Assert.That(client.Unanswered.For, Is.GreaterThan(TimeSpan.FromMilliseconds(550)));

        _kamailio.OnRequest = null;
        await client.InvokeAsync("core.version", [], CancellationToken.None);
        Assert.That(client.Unanswered, Is.Null);
    }

    [Test]
    public async Task A_Kamailio_that_goes_takes_with_it_what_it_had_not_answered()
    {
        await using var client = Client(_kamailio.Address, TimeSpan.FromMilliseconds(200));
        _kamailio.OnRequest = static _ => FakeReaction.DropReply;
        await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.InvokeAsync("dispatcher.add", [1, "sip:10.0.0.1", 0], CancellationToken.None));

        _kamailio.Stop();
        await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("core.echo", [], CancellationToken.None));

        Assert.That(client.Unanswered, Is.Null);
    }

    [Test]
    public async Task The_length_of_the_list_is_that_of_the_reply()
    {
        const string Reply = """{"jsonrpc":"2.0","result":{"NRSETS":1, "RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:a","FLAGS":"AX"}}]}}]},"id":%}""";
        _kamailio.OnRequest = static request => FakeReaction.ReplyWith(Reply.Replace("%", $"{request.Id}", StringComparison.Ordinal));

        var list = await _client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None);

        Assert.That(list.Length, Is.InRange(Reply.Length, Reply.Length + 10));
        Assert.That(list.Length, Is.LessThan(_client.Address.ReplyLimit!.Value));
    }

    [Test]
    public async Task The_reply_socket_takes_nothing_from_others_and_is_removed_in_the_end()
    {
        await InvokeAsync("core.version");
        var socket = Directory.GetFiles(ReplyDirectory).Single();

        // Whose Kamailio's processes are nobody knows: the kernel alone keeps others out, since the socket is connected.
        Assert.That(File.GetUnixFileMode(socket), Is.EqualTo((UnixFileMode)Convert.ToInt32("666", 8)));
        using var stranger = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        Assert.That(() => stranger.SendTo([1], new UnixDomainSocketEndPoint(socket)), Throws.InstanceOf<SocketException>());
        Assert.That(File.GetUnixFileMode(ReplyDirectory).HasFlag(UnixFileMode.OtherRead), Is.False);

        await _client.DisposeAsync();

        Assert.That(Directory.GetFiles(ReplyDirectory), Is.Empty);
    }

    [Test]
    public async Task What_a_killed_process_left_is_removed_and_what_is_in_use_is_not()
    {
        await InvokeAsync("core.version");
        var stale = Path.Combine(ReplyDirectory, "kamrpc-1-stale.sock");
        using (var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Unspecified))
        {
            socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(stale));
            File.Move(stale, stale + "x");
        }

        File.Move(stale + "x", stale);
        Assert.That(stale, Does.Exist);

        await using var second = Client(_kamailio.Address);
        await second.InvokeAsync("core.version", [], CancellationToken.None);

        Assert.That(stale, Does.Not.Exist);
        Assert.That(Directory.GetFiles(ReplyDirectory), Has.Length.EqualTo(2));
        await InvokeAsync("core.version");
    }

    private RpcClient Client(string address, TimeSpan? timeout = null) =>
        new(KamailioAddress.Parse(address), new RpcClientOptions { ReplyDirectory = ReplyDirectory, Timeout = timeout ?? Timeout });

    private Task<RpcResult> InvokeAsync(string method) => _client.InvokeAsync(method, [], CancellationToken.None);
}
