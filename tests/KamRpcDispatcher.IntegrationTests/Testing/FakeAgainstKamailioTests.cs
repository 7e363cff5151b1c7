using System.Text.Json;
using System.Text.Json.Nodes;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Testing;

/// <summary>The same calls to the fake and to a real Kamailio: what the fake answers is what Kamailio answers.</summary>
[TestFixture(0)]
[TestFixture(1)]
public sealed class FakeAgainstKamailioTests(int loadMode)
{
    private KamailioServer _kamailio = null!;
    private FakeKamailio _fake = null!;
    private DatagramClient _toKamailio = null!;
    private DatagramClient _toFake = null!;
    private int _id;

    [OneTimeSetUp]
    public async Task StartBoth()
    {
        RealServers.Require("kamailio");
        _kamailio = await KamailioServer.StartAsync(new KamailioOptions
        {
            ListFileLines = ["9 sip:127.0.0.1:9001 0 0 weight=1", "9 sip:127.0.0.1:9002", "9 sip:127.0.0.1:9003 8 2"],
            PingInterval = TimeSpan.Zero,
            FinalConfig = $"""modparam("dispatcher", "ds_load_mode", {loadMode})""",
        });
        _fake = FakeKamailio.Start(new FakeKamailioOptions { LoadMode = loadMode });
        _fake.AddForeign(9, "sip:127.0.0.1:9001", "AX", 0, "weight=1");
        _fake.AddForeign(9, "sip:127.0.0.1:9002", "AX");
        _fake.AddForeign(9, "sip:127.0.0.1:9003", "AP", 2);
        _toKamailio = new DatagramClient(_kamailio.SocketPath);
        _toFake = new DatagramClient(_fake.SocketPath);
    }

    [OneTimeTearDown]
    public async Task StopBoth()
    {
        _toKamailio?.Dispose();
        _toFake?.Dispose();
        if (_fake is not null)
        {
            await _fake.DisposeAsync();
        }

        if (_kamailio is not null)
        {
            await _kamailio.DisposeAsync();
        }
    }

    [SetUp]
    public Task Reload() => SameAsync("dispatcher.reload");

    [Test]
    public async Task Adding_and_removing_turns_equal_priorities_round_in_all_sets()
    {
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7001", 8, 0, "duid=a;weight=5;maxload=3;rweight=7");
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7002", 9, 0, "x=1");
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7003", 8, 5);
        await SameAsync("dispatcher.add", 2, "sip:127.0.0.1:7004", 8, -5, "");
        await SameAsync("dispatcher.add", 2, "sip:127.0.0.1:7005;transport=tcp", 8);
        await SameAsync("dispatcher.add", 2, "sip:127.0.0.1:7006", 2);
        await SameAsync("dispatcher.add", 2, "sip:127.0.0.1:7001", 4);
        await SameAsync("dispatcher.remove", 1, "sip:127.0.0.1:7002");
        await SameAsync("dispatcher.remove", 1, "sip:127.0.0.1:7999");
        await SameAsync("dispatcher.remove", 7, "sip:127.0.0.1:7001");
        await SameAsync("dispatcher.reload");
    }

    [Test]
    public async Task Copies_are_not_noticed_and_go_together()
    {
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7001", 8, 0, "n=1");
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7001", 8, 0, "n=2");
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7001", 8, 3, "n=3");
        await SameAsync("dispatcher.set_state", "dp", 1, "sip:127.0.0.1:7001");
        await SameAsync("dispatcher.remove", 1, "SIP:127.0.0.1:7001");
        await SameAsync("dispatcher.remove", 1, "sip:127.0.0.1:7001");
    }

    [Test]
    public async Task An_empty_table_is_a_fault()
    {
        await SameAsync("dispatcher.remove", 9, "sip:127.0.0.1:9001");
        await SameAsync("dispatcher.remove", 9, "sip:127.0.0.1:9002");
        await SameAsync("dispatcher.remove", 9, "sip:127.0.0.1:9003");
        await SameAsync("dispatcher.set_state", "ip", 1, "sip:127.0.0.1:9001");
        await SameAsync("dispatcher.set_state", "ip", 1, "all");
    }

    [Test]
    public async Task States_are_read_by_their_letters([Values("a", "AP", "i", "ip", "inactive", "ix", "ipz", "iP", "d", "dp", "t", "tp", "x", "pi", "", " ")] string state)
    {
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7001", 8);
        await SameAsync("dispatcher.set_state", state, 1, "sip:127.0.0.1:7001");
        await SameAsync("dispatcher.set_state", state, 9, "all");
    }

    [Test]
    public async Task States_are_set_on_what_is_there()
    {
        await SameAsync("dispatcher.set_state", "i", 9, "SIP:127.0.0.1:9001");
        await SameAsync("dispatcher.set_state", "i", 9, "sip:127.0.0.1:9999");
        await SameAsync("dispatcher.set_state", "i", 44, "all");
        await SameAsync("dispatcher.set_state", "i", "9", "sip:127.0.0.1:9001");
        await SameAsync("dispatcher.set_state", 5, 9, "sip:127.0.0.1:9001");
        await SameAsync("dispatcher.set_state", "i", 9, 5);
        await SameAsync("dispatcher.set_state", "i", 9.7, "all");
        await SameAsync("dispatcher.set_state", "i", 9);
        await SameAsync("dispatcher.set_state", "x");
        await SameAsync("dispatcher.set_state");
    }

    [TestCase("127.0.0.1:7002")]
    [TestCase("sip:127.0.0.1")]
    [TestCase("SIP:127.0.0.1:7003")]
    [TestCase("sips:127.0.0.1:7003")]
    [TestCase("sip:user@127.0.0.1:7003")]
    [TestCase("sip:127.0.0.1:7005;transport=udp")]
    [TestCase("sip:127.0.0.1:7099?x=y")]
    [TestCase("<sip:127.0.0.1:7004>")]
    [TestCase("sip:127.0.0.1:99999")]
    [TestCase("sip:127.0.0.1:x")]
    [TestCase("sip:nohost.invalid")]
    [TestCase("sip:")]
    [TestCase("")]
    [TestCase("bad uri")]
    [TestCase("http://x")]
    public async Task A_URI_is_taken_or_refused_alike(string uri)
    {
        await SameAsync("dispatcher.add", 1, uri, 8);
        await SameAsync("dispatcher.remove", 1, uri);
    }

    [Test]
    public async Task A_name_without_DNS_is_lost_after_its_state_was_set()
    {
        await SameAsync("dispatcher.add", 1, "sip:nohost.invalid", 16);
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7001", 8);
        await SameAsync("dispatcher.set_state", "i", 1, "sip:nohost.invalid");
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7002", 8);
    }

    [Test]
    public async Task Parameters_of_the_wrong_kind_are_read_alike()
    {
        await SameAsync("dispatcher.add");
        await SameAsync("dispatcher.add", 1);
        await SameAsync("dispatcher.add", 1, 5);
        await SameAsync("dispatcher.add", "1", "sip:127.0.0.1:7001");
        await SameAsync("dispatcher.add", 1.5, "sip:127.0.0.1:7002", "8", "7");
        await SameAsync("dispatcher.add", true, "sip:127.0.0.1:7003", true);
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7004", 8, 0, 5);
        await SameAsync("dispatcher.add", 1, "sip:127.0.0.1:7005", -1, 0, "x=1", "more");
        await SameAsync("dispatcher.remove");
        await SameAsync("dispatcher.remove", 1);
        await SameAsync("core.echo", "a", 1, 2.5, "é\"\n/");
        await SameAsync("no.such_method", 1);
    }

    [TestCase("""{"jsonrpc":"2.0","method":"core.echo","params":{"b":"x","a":2},"id":5}""")]
    [TestCase("""{"jsonrpc":"2.0","method":"core.echo","params":["x"],"id":"text"}""")]
    [TestCase("""{"jsonrpc":"2.0","method":"core.echo","params":["x"]}""")]
    [TestCase("""{"jsonrpc":"2.0","method":"core.echo","id":1}""")]
    [TestCase("""{"jsonrpc":"2.0","id":1}""")]
    public async Task Odd_requests_are_answered_alike(string request) =>
        Assert.That(await AskAsync(_toFake, request), Is.EqualTo(await AskAsync(_toKamailio, request)));

    [Test]
    public async Task What_is_not_JSON_is_not_answered()
    {
        foreach (var client in new[] { _toKamailio, _toFake })
        {
            await AssertAnsweredAsync(client, "not JSON", answered: false);
        }
    }

    /// <summary>A small request has a large reply by way of its numbers, and its id brings that to the byte.</summary>
    [TestCase(131_040, true)]
    [TestCase(131_041, false)]
    public async Task A_reply_is_sent_up_to_a_size(int size, bool sent)
    {
        var numbers = string.Join(',', Enumerable.Repeat("1e9", 9_900));
        foreach (var client in new[] { _toKamailio, _toFake })
        {
            var padding = size - (await AskAsync(client, Request(""))).Length;
            await AssertAnsweredAsync(client, Request(new string('i', padding)), sent);
        }

        string Request(string id) => $$"""{"jsonrpc":"2.0","method":"core.echo","params":[{{numbers}}],"id":"{{id}}"}""";
    }

    [TestCase(65_456, true)]
    [TestCase(65_457, false)]
    public async Task A_request_is_read_up_to_a_size(int size, bool read)
    {
        var empty = DatagramClient.Request(1, "core.echo", "").Length;
        foreach (var client in new[] { _toKamailio, _toFake })
        {
            await AssertAnsweredAsync(client, DatagramClient.Request(1, "core.echo", new string('x', size - empty)), read);
        }
    }

    [Test]
    public async Task Version_uptime_and_processes_have_the_same_shape()
    {
        await SameAsync("core.version");
        Assert.That(Shape(await _toFake.CallAsync("core.uptime")), Is.EqualTo(Shape(await _toKamailio.CallAsync("core.uptime"))));
        Assert.That(Shape((await _toFake.CallAsync("core.psx"))[0]), Is.EqualTo(Shape((await _toKamailio.CallAsync("core.psx"))[0])));
    }

    /// <summary>Sends the call to both; their answers are the same, and so are their lists afterwards.</summary>
    private async Task SameAsync(string method, params object[] args)
    {
        var call = DatagramClient.Request(++_id, method, args);
        Assert.That(await AskAsync(_toFake, call), Is.EqualTo(await AskAsync(_toKamailio, call)), call);

        var list = DatagramClient.Request(++_id, "dispatcher.list");
        Assert.That(SetsSorted(await AskAsync(_toFake, list)), Is.EqualTo(SetsSorted(await AskAsync(_toKamailio, list))), $"The list after {call}");
    }

    /// <summary>The one worker answers in order: when a second request is answered and the first is not, it never will be.</summary>
    private static async Task AssertAnsweredAsync(DatagramClient client, string request, bool answered)
    {
        await client.SendAsync(request);
        if (answered)
        {
            Assert.That(await client.ReceiveAsync(), Is.Not.Empty);
        }

        Assert.That(await AskAsync(client, DatagramClient.Request(1, "core.echo", "next")), Does.EndWith("\"result\":[\"next\"],\"id\":1}"));
    }

    private static async Task<string> AskAsync(DatagramClient client, string request)
    {
        await client.SendAsync(request);
        return await client.ReceiveAsync();
    }

    /// <summary>The order of the sets is that of a search tree, which the fake does not imitate.</summary>
    private static string SetsSorted(string answer)
    {
        var reply = JsonNode.Parse(answer)!;
        if (reply["result"]?["RECORDS"] is JsonArray records)
        {
            reply["result"]!["RECORDS"] = new JsonArray([.. records.OrderBy(record => (int)record!["SET"]!["ID"]!).Select(record => record!.DeepClone())]);
        }

        return reply.ToJsonString();
    }

    private static string Shape(JsonElement element) => string.Join(' ', element.EnumerateObject()
        .Select(member => $"{member.Name}:{(member.Value.ValueKind == JsonValueKind.String && member.Name != "DSC" ? member.Value.GetString()!.Length : member.Value.ValueKind)}"));
}
