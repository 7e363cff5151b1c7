using System.Net;
using System.Net.Sockets;
using System.Text;
using KamailioRpc.Transports;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>A name with several addresses, of which Kamailio has one.</summary>
public class UdpTransportTests
{
    /// <summary>As localhost on Debian, in whichever order the resolver tells them.</summary>
    [TestCase("::1", "127.0.0.1")]
    [TestCase("127.0.0.2", "127.0.0.1")]
    public async Task The_next_address_is_taken_where_nobody_listens_at_one(string first, string second)
    {
        using var kamailio = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        kamailio.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var serving = AnswerAsync(kamailio);
        var address = KamailioAddress.Parse($"jsonrpc+udp://kamailio.test:{((IPEndPoint)kamailio.LocalEndPoint!).Port}");
        var names = new NameResolver(_ => [IPAddress.Parse(first), IPAddress.Parse(second)], new FakeTimeProvider());
        var options = new RpcClientOptions { Timeout = TimeSpan.FromSeconds(5) };
        await using var client = new RpcClient(address, options, new UdpTransport(address, options, names));

        Assert.That((await client.InvokeAsync("core.echo", [], CancellationToken.None)).ToString(), Is.EqualTo("\"here\""));
        await serving;
    }

    private static async Task AnswerAsync(Socket kamailio)
    {
        var buffer = new byte[4096];
        var request = await kamailio.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
        var text = Encoding.UTF8.GetString(buffer, 0, request.ReceivedBytes);
        var id = text[(text.IndexOf("\"id\":", StringComparison.Ordinal) + 5)..].TrimEnd('}');
        await kamailio.SendToAsync(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","result":"here","id":{{id}}}"""), request.RemoteEndPoint);
    }
}
