using KamailioRpc.Commands;
using KamRpcDispatcher.Push.Guards;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

public class SocketTextTests
{
    private static readonly KamailioSocket[] Sockets = [new("udp", "10.0.0.1", 5060), new("tls", "10.0.0.1", 5061), new("udp", "[2001:db8::1]", 5060), new("tcp", "sip.example.org", 5060)];

    [TestCase("10.0.0.1")]
    [TestCase("udp:10.0.0.1")]
    [TestCase("10.0.0.1:5061")]
    [TestCase("UDP:10.0.0.1:5060")]
    [TestCase("udp:[2001:DB8:0::1]:5060")]
    [TestCase("[2001:db8::1]")]
    [TestCase("tcp:SIP.example.org:5060")]
    [TestCase("udp:10.0.0.1:0")]
    public void One_of_Kamailios_sockets_is_known_however_it_is_written(string text) =>
        Assert.That(Sockets.Any(SocketText.TryParse(text)!.IsAt));

    [TestCase("udp:10.9.9.9:5060")]
    [TestCase("tcp:10.0.0.1:5060")]
    [TestCase("udp:10.0.0.1:5061")]
    [TestCase("udp:[2001:db8::2]:5060")]
    [TestCase("sip2.example.org")]
    public void Another_one_is_not(string text) => Assert.That(Sockets.Any(SocketText.TryParse(text)!.IsAt), Is.False);

    [TestCase("")]
    [TestCase("udp:")]
    [TestCase("10.0.0.1:port")]
    [TestCase("[2001:db8::1")]
    [TestCase("[2001:db8::1]5060")]
    public void What_is_written_in_another_way_is_left_to_Kamailio(string text) =>
        Assert.That(SocketText.TryParse(text) is not { } socket || !Sockets.Any(socket.IsAt));
}
