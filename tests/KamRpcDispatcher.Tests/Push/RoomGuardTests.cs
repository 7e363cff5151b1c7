using System.Text;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using NSubstitute;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class RoomGuardTests
{
    private static readonly DispatcherTable Table = new(new KamailioVersion(5, 6), new KamailioInstance("then", "a socket"), []);

    private IRpcClient _client = null!;

    [SetUp]
    public void SetUp() => _client = Substitute.For<IRpcClient>();

    [TearDown]
    public async Task TearDown() => await _client.DisposeAsync();

    /// <summary>An entry of this kind takes 190 to 217 bytes in 5.6.3, 306 in 6.1.5, 402 with latencies that were measured, twice as many printed prettily.</summary>
    [Test]
    public async Task Nothing_is_added_that_would_make_the_list_longer_than_a_reply(
        [Values("jsonrpc+unix:/run/kamailio/kamailio_rpc.sock", "jsonrpc+udp://127.0.0.1:8090")] string address,
        [Values(190, 217, 306, 402, 600)] int bytesOfEntry,
        [Values(0, 30_000)] int before)
    {
        var reader = Reader(address, other: null);
        var limit = (int)_client.Address.ReplyLimit!;
        var added = 0;
        var readings = 0;
        _client.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(_ =>
        {
            readings++;
            return Result(Math.Max(14, before + (added * bytesOfEntry)));
        });
        await reader.ReadAsync(CancellationToken.None);

        var guard = new RoomGuard(reader);
        Objection? objection;
        while ((objection = await guard.ExamineAsync(Add(added), Table, CancellationToken.None)) is null)
        {
            reader.Added(Add(added));
            added++;
            Assert.That(before + (added * bytesOfEntry), Is.LessThan(limit));
        }

        Assert.Multiple(() =>
        {
            Assert.That(objection.Scope, Is.EqualTo(ObjectionScope.Additions));
            Assert.That(objection.Text, Does.Contain("--kamailio-read"));
            Assert.That(before + (added * bytesOfEntry), Is.GreaterThan(limit * 0.93), "not much too early");
            Assert.That(readings, Is.LessThan(25), "it is read again seldom");
        });
        Assert.That(await guard.ExamineAsync(new RemoveDestination(1, "sip:a"), Table, CancellationToken.None), Is.Null, "a removal makes room");
    }

    [Test]
    public async Task Nothing_is_added_to_a_list_that_others_made_too_long_to_be_read()
    {
        var reader = Reader(KamailioAddress.Default.ToString(), other: null);
        await ListedAsync(reader, 124_000);
        reader.Added(Add(1));
        _client.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(
            call => call.Arg<string>() == "dispatcher.list" ? Task.FromException<RpcResult>(new KamailioTimeoutException("dispatcher.list", TimeSpan.FromSeconds(1))) : Task.FromResult(Result(14)));

        Assert.That(await new RoomGuard(reader).ExamineAsync(Add(2), Table, CancellationToken.None), Is.Not.Null);
    }

    [Test]
    public async Task Where_replies_of_any_length_come_there_is_always_room()
    {
        var reader = Reader("jsonrpc+tcp://127.0.0.1:5042", other: null);
        await ListedAsync(reader, 3_000_000);

        Assert.That(await new RoomGuard(reader).ExamineAsync(Add(1), Table, CancellationToken.None), Is.Null);
    }

    [Test]
    public async Task With_another_way_there_is_always_room()
    {
        await using var other = Substitute.For<IRpcClient>();
        var reader = Reader(KamailioAddress.Default, other);
        _client.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(Result(131_000));
        other.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(Result(3_000_000));
        await reader.ReadAsync(CancellationToken.None);

        Assert.That(await new RoomGuard(reader).ExamineAsync(Add(1), Table, CancellationToken.None), Is.Null);
    }

    private static AddDestination Add(int number) => new(1, $"sip:10.0.0.1:{number + 1000}", 8, 1, $"duid=m{number};kamrpc=default");

    private static RpcResult Result(int length) => new(Encoding.ASCII.GetBytes("{\"RECORDS\":[]" + new string(' ', length - 14) + "}"));

    private ListReader Reader(string address, IRpcClient? other)
    {
        _client.Address.Returns(KamailioAddress.Parse(address));
        return new ListReader(_client, new GivenReadWay(other));
    }

    private async Task ListedAsync(ListReader reader, int length)
    {
        _client.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(Result(length));
        await reader.ReadAsync(CancellationToken.None);
    }
}
