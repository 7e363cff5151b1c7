using System.Net;
using System.Net.Sockets;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Guards;
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
            static name => name == "dead.test" ? throw new SocketException((int)SocketError.HostNotFound) : name switch { "unfit.test" => [IPAddress.Any], "kamailio.test" => [IPAddress.Parse("10.0.0.1")], _ => [IPAddress.Loopback] },
            static (_, _) => Task.FromResult<bool?>(true),
            new FakeTimeProvider());
        _log = new LogCapture<AdditionGuard>();
        _guard = new AdditionGuard(_client, names, static address => address.Equals(IPAddress.Parse("10.0.0.7")), _log);
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

    [TestCase("sip:0.0.0.0:5060", "the address 0.0.0.0 is unspecified")]
    [TestCase("sip:255.255.255.255", "is the broadcast address")]
    [TestCase("sip:224.0.0.1:5060;kamrpc", "is a multicast address")]
    [TestCase("sip:[fe80::1]:5060", "is link-local without an interface")]
    [TestCase("sip:unfit.test", "the address 0.0.0.0 of unfit.test is unspecified")]
    [TestCase("sip:10.0.0.1", "the address 10.0.0.1 is Kamailio's own (udp:10.0.0.1:5060)")]
    [TestCase("sip:10.0.0.1:5060;transport=udp;kamrpc", "is Kamailio's own")]
    [TestCase("sip:kamailio.test", "the address 10.0.0.1 of kamailio.test is Kamailio's own")]
    [TestCase("sip:10.0.0.7:5080", "is Kamailio's own (udp:0.0.0.0:5080)")]
    [TestCase("sip:[::1]:5070;transport=tls", "is Kamailio's own (tls:[::1]:5070)")]
    public async Task Where_no_call_should_go_is_not_sent_with_the_reason(string uri, string reason)
    {
        Listens();

        Assert.That(await ExamineAsync(Add with { Uri = uri }), Has.Property("Scope").EqualTo(ObjectionScope.Change).And.Property("Text").Contains(reason));
        Assert.That(await ExamineAsync(Add with { Uri = uri, Attributes = "weight=5" }), Is.Null, "what an operator put there is put back as it was");
    }

    [TestCase("sip:10.0.0.1:5061")]
    [TestCase("sip:10.0.0.8:5080")]
    [TestCase("sip:127.0.0.1:5060")]
    [TestCase("sips:[::1]:5071")]
    public async Task Beside_Kamailios_own_sockets_calls_may_go(string uri)
    {
        Listens();

        Assert.That(await ExamineAsync(Add with { Uri = uri }), Is.Null);
    }

    [TestCase("sip:10.0.0.9;transport=tcp", "it has no tcp socket over IPv4")]
    [TestCase("sip:10.0.0.9;transport=ws", "it has no ws socket over IPv4")]
    [TestCase("sip:[::9]:5060;transport=ws", null)]
    [TestCase("sips:10.0.0.9", "it has no tls socket over IPv4 (it listens on udp:10.0.0.1:5060, udp:0.0.0.0:5080, tls:[::1]:5070)")]
    [TestCase("sips:[2001:db8::9]", null)]
    [TestCase("sip:[2001:db8::9]:5060;kamrpc", "it has no udp socket over IPv6")]
    [TestCase("sip:10.0.0.9;transport=sctp", "it has no sctp socket over IPv4")]
    [TestCase("sip:good.test;transport=sctp", "it has no sctp socket")]
    [TestCase("sip:good.test;transport=tls", "it has no tls socket")]
    [TestCase("sip:good.test", null)]
    public async Task Where_Kamailio_has_no_socket_to_send_from_nothing_is_sent_with_the_reason(string uri, string? reason)
    {
        Listens();

        Assert.That((await ExamineAsync(Add with { Uri = uri }))?.Text, reason is null ? Is.Null : Does.StartWith("Kamailio cannot send there, since ").And.Contain(reason));
        Assert.That(await ExamineAsync(Add with { Uri = uri, Attributes = "duid=a;kamrpc=c;obproxy=sip:10.0.0.7" }), Is.Null, "another one sends it on");
    }

    [Test]
    public async Task Where_the_sockets_cannot_be_read_Kamailio_decides()
    {
        _client.InvokeAsync(default!, default!, default).ThrowsAsyncForAnyArgs(new KamailioFaultException("core.sockets_list", 500, "Method Not Found"));

        Assert.That(await ExamineAsync(Elsewhere), Is.Null);
        Assert.That(await ExamineAsync(Elsewhere), Is.Null);
        Assert.That(Reads, Is.EqualTo(1));
    }

    private void Listens() => _client.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(new RpcResult("""
        [{"socket":{"proto":"udp","address":"10.0.0.1","port":"5060"}},{"socket":{"proto":"udp","address":"0.0.0.0","port":"5080"}},{"socket":{"proto":"tls","address":"[::1]","port":"5070"}}]
        """u8.ToArray()));

    private int Reads => _client.ReceivedCalls().Count(static call => call.GetMethodInfo().Name == nameof(IRpcClient.InvokeAsync));

    private ValueTask<Objection?> ExamineAsync(Change change, string upSince = "now") =>
        _guard.ExamineAsync(change, new DispatcherTable(new KamailioVersion(5, 6), new KamailioInstance(upSince, string.Empty), []), CancellationToken.None);
}
