using KamailioRpc.Commands;
using KamailioRpc.Errors;
using NSubstitute;
using NSubstitute.ExceptionExtensions;
using NUnit.Framework;

namespace KamailioRpc.Tests.Commands;

public class CoreCommandsTests
{
    [TestCase("""[{"socket":{"proto":"udp","address":"10.0.0.1","port":"5060"}},{"socket":{"af":"ipv4","proto":"tcp","address":"sip.example.org","ipaddress":"10.0.0.2","port":5062}}]""")]
    [TestCase("""{"socket":{"proto":"udp","address":"10.0.0.1","port":"5060"},"socket":{"proto":"tcp","address":"sip.example.org","address":"10.0.0.2","port":"5062"}}""")]
    public async Task Sockets_are_read_over_either_protocol_with_all_their_addresses(string json)
    {
        await using var client = Substitute.For<IRpcClient>();
        client.InvokeAsync("core.sockets_list", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>()).Returns(Results.Of(json));

        Assert.That(await client.ListSocketsAsync(default), Is.EqualTo(new[] { new KamailioSocket("udp", "10.0.0.1", 5060), new KamailioSocket("tcp", "sip.example.org", 5062), new KamailioSocket("tcp", "10.0.0.2", 5062) }));
    }

    [Test]
    public async Task A_name_resolves_when_it_has_an_address_of_either_kind()
    {
        await using var client = Substitute.For<IRpcClient>();
        client.InvokeAsync("dns.lookup", Arg.Is<IReadOnlyList<object?>>(static arguments => "A".Equals(arguments[0])), Arg.Any<CancellationToken>()).ThrowsAsync(new KamailioFaultException("dns.lookup", 400, "Not found"));
        client.InvokeAsync("dns.lookup", Arg.Is<IReadOnlyList<object?>>(static arguments => "AAAA".Equals(arguments[0])), Arg.Any<CancellationToken>()).Returns(Results.Of("{}"));
        Assert.That(await client.ResolvesAsync("gw.test", default), Is.True);

        client.InvokeAsync(default!, default!, default).ThrowsAsyncForAnyArgs(new KamailioFaultException("dns.lookup", 400, "Not found"));
        Assert.That(await client.ResolvesAsync("gw.test", default), Is.False);

        client.InvokeAsync(default!, default!, default).ThrowsAsyncForAnyArgs(new KamailioFaultException("dns.lookup", 500, "dns cache support disabled (see use_dns_cache)"));
        Assert.That(await client.ResolvesAsync("gw.test", default), Is.Null);
    }
}
