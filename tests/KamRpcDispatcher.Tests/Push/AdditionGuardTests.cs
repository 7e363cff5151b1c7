using System.Net;
using System.Net.Sockets;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NSubstitute;
using NSubstitute.ExceptionExtensions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class AdditionGuardTests
{
    private static readonly AddDestination Add = new(1, "sip:10.0.0.9", 8, 0, "duid=a;kamrpc=c");
    private static readonly AddDestination Elsewhere = Add with { Attributes = "duid=a;kamrpc=c;socket=udp:10.9.9.9:5060" };

    private IRpcClient _client = null!;
    private LogCapture<AdditionGuard> _log = null!;
    private AdditionGuard _guard = null!;

    [SetUp]
    public void SetUp()
    {
        _client = Substitute.For<IRpcClient>();
        _client.InvokeAsync(default!, default!, default)
            .ReturnsForAnyArgs(new RpcResult("""[{"socket":{"proto":"udp","address":"10.0.0.1","port":"5060","mcast":"no"}}]"""u8.ToArray()));
        var names = new NameLookup(
            static name => name == "dead.test" ? throw new SocketException((int)SocketError.HostNotFound) : [IPAddress.Loopback],
            static (_, _) => Task.FromResult<bool?>(true),
            new FakeTimeProvider());
        _log = new LogCapture<AdditionGuard>();
        _guard = new AdditionGuard(_client, names, _log);
    }

    [TearDown]
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    [Test]
    public async Task A_name_that_does_not_resolve_is_not_sent()
    {
        var objection = await ExamineAsync(Add with { Uri = "sip:dead.test:5060" });

        Assert.That(objection, Has.Property("Scope").EqualTo(ObjectionScope.Change).And.Property("Text").Contains("dead.test does not resolve"));
        Assert.That(await ExamineAsync(Add with { Uri = "sip:good.test:5060" }), Is.Null);
        Assert.That(await ExamineAsync(Add with { Uri = "sip:dead.test:5060", Flags = 16 }), Is.Null, "Kamailio does not look it up.");
        Assert.That(await ExamineAsync(Add), Is.Null);
    }

    [Test]
    public async Task Nor_is_the_removal_of_one_and_that_is_told_once()
    {
        var remove = new RemoveDestination(1, "sip:dead.test:5060");

        Assert.That(await ExamineAsync(remove), Has.Property("Scope").EqualTo(ObjectionScope.Change));
        Assert.That(await ExamineAsync(remove), Is.Not.Null);
        Assert.That(_log.Of(2054), Has.Count.EqualTo(1));
        Assert.That(await ExamineAsync(new RemoveDestination(1, "sip:good.test:5060")), Is.Null);
    }

    [Test]
    public async Task A_socket_that_is_none_of_Kamailios_is_not_sent_and_the_sockets_are_read_once_a_life()
    {
        Assert.That((await ExamineAsync(Elsewhere))!.Text, Is.EqualTo("socket=udp:10.9.9.9:5060 is none of the sockets on which Kamailio listens (udp:10.0.0.1:5060)"));
        Assert.That(await ExamineAsync(Elsewhere with { Attributes = "duid=a;socket=udp:10.0.0.1:5060" }), Is.Null);
        Assert.That(Reads, Is.EqualTo(1));

        await ExamineAsync(Elsewhere, "another start");
        Assert.That(Reads, Is.EqualTo(2));
    }

    [Test]
    public async Task Where_the_sockets_cannot_be_read_Kamailio_decides()
    {
        _client.InvokeAsync(default!, default!, default).ThrowsAsyncForAnyArgs(new KamailioFaultException("core.sockets_list", 500, "Method Not Found"));

        Assert.That(await ExamineAsync(Elsewhere), Is.Null);
        Assert.That(await ExamineAsync(Elsewhere), Is.Null);
        Assert.That(Reads, Is.EqualTo(1));
    }

    private int Reads => _client.ReceivedCalls().Count(static call => call.GetMethodInfo().Name == nameof(IRpcClient.InvokeAsync));

    private ValueTask<Objection?> ExamineAsync(Change change, string upSince = "now") =>
        _guard.ExamineAsync(change, new DispatcherTable(new KamailioVersion(5, 6), new KamailioLife(upSince, string.Empty), []), CancellationToken.None);
}
