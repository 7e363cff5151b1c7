using System.Text;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using NSubstitute;
using NUnit.Framework;

namespace KamailioRpc.Tests.Commands;

/// <summary>Which removals are not sent to a Kamailio that they crash (#3199).</summary>
public class RemovalGuardTests
{
    [TestCase("kamailio 5.4.9 (x86_64/linux) ", "sip:gone.invalid:7001")]
    [TestCase("kamailio 5.5.7 (x86_64/linux) ", "sip:user@gone.invalid;transport=tcp")]
    [TestCase("kamailio 5.6.0-1 (x86_64/linux)", "sips:gone.invalid")]
    [TestCase("kamailio 5.6.1 (x86_64/linux)", "SIP:gone.invalid?a=b")]
    [TestCase("kamailio 5.5.7 (x86_64/linux)", "no URI at all")]
    [TestCase("kamailio 5.5.7 (x86_64/linux)", "sip:[::1")]
    public async Task A_host_that_does_not_resolve_is_never_sent_where_it_crashes(string version, string uri)
    {
        await using var client = Kamailio(version);

        var unsafeRequest = await Assert.ThrowsAsync<KamailioUnsafeRequestException>(() => client.RemoveDestinationAsync(1, uri, CancellationToken.None));

        Assert.That(unsafeRequest!.Message, Does.StartWith("dispatcher.remove is not sent: kamailio 5."));
        Assert.That(unsafeRequest.IsTransient);
        AssertSent(client, 0);
    }

    [TestCase("kamailio 5.5.7 (x86_64/linux)", "sip:127.0.0.1:7001")]
    [TestCase("kamailio 5.5.7 (x86_64/linux)", "sip:[::1]:7001;transport=tcp")]
    [TestCase("kamailio 5.5.7 (x86_64/linux)", "sip:localhost:7001")]
    [TestCase("kamailio 5.6.2 (x86_64/linux)", "sip:gone.invalid:7001")]
    [TestCase("kamailio 5.6.3 (x86_64/linux)", "sip:gone.invalid:7001")]
    [TestCase("kamailio 6.2.0-dev1 (x86_64/linux)", "sip:gone.invalid:7001")]
    [TestCase("something else", "sip:gone.invalid:7001")]
    public async Task Others_are(string version, string uri)
    {
        await using var client = Kamailio(version);

        await client.RemoveDestinationAsync(1, uri, CancellationToken.None);

        AssertSent(client, 1);
    }

    [Test]
    public async Task For_an_address_nothing_is_asked()
    {
        await using var client = Kamailio("kamailio 5.4.0");

        await client.RemoveDestinationAsync(1, "sip:10.0.0.1", CancellationToken.None);

        await client.DidNotReceive().InvokeAsync("core.version", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>());
    }

    private static IRpcClient Kamailio(string version)
    {
        var client = Substitute.For<IRpcClient>();
        client.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(call => new RpcResult(Encoding.UTF8.GetBytes(call.Arg<string>() == "core.version" ? $"\"{version}\"" : "\"Ok\"")));
        return client;
    }

    private static void AssertSent(IRpcClient client, int times) =>
        client.Received(times).InvokeAsync("dispatcher.remove", Arg.Any<IReadOnlyList<object?>>(), Arg.Any<CancellationToken>());
}
