using KamailioRpc.Errors;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>A Kamailio that is named by a name which does not resolve.</summary>
public sealed class UnknownNameTests
{
    [TestCase("jsonrpc+tcp://no-such-host.invalid:5042")]
    [TestCase("jsonrpc+udp://no-such-host.invalid:8090")]
    [TestCase("binrpc+tcp://no-such-host.invalid:2049")]
    [TestCase("http://no-such-host.invalid:5060/RPC")]
    public async Task That_it_is_the_name_is_told(string address)
    {
        await using var client = new RpcClient(KamailioAddress.Parse(address), new RpcClientOptions { Timeout = TimeSpan.FromSeconds(10) });

        var failure = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.InvokeAsync("core.version", [], CancellationToken.None));

        Assert.That(failure!.Message, Does.StartWith($"Kamailio does not listen on {address}: the name 'no-such-host.invalid' "));
    }
}
