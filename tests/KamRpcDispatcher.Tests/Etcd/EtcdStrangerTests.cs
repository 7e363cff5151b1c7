using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Other servers at the address that was given for etcd.</summary>
public class EtcdStrangerTests
{
    [TestCase("HTTP/1.1 404 Not Found\r\n\r\n", "speaks HTTP/1 only, so it is not where etcd takes clients")]
    [TestCase("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", "speaks TLS: write https://")]
    [TestCase("SIP/2.0 400 Bad Request\r\n\r\n", "a SIP server answers there, not etcd")]
    [TestCase("Asterisk Call Manager/9.0.0\r\n", "it says 'Asterisk Call Manager/9.0.0'")]
    [TestCase("SSH-2.0-OpenSSH_9.2\r\n", "it says 'SSH-2.0-OpenSSH_9.2'")]
    public async Task Who_answers_instead_of_etcd_is_named(string answer, string expected)
    {
        Assert.That(await ReasonAsync(_ => answer), Does.Contain(expected));
    }

    [Test]
    public async Task An_alert_of_TLS_is_understood() =>
        Assert.That(await ReasonAsync(static _ => "\u0015\u0003\u0003\u0000\u0002\u0002\u0046"), Does.Contain("speaks TLS: write https://"));

    [Test]
    public async Task A_SIP_server_that_takes_nothing_else_is_asked_as_one()
    {
        Assert.That(
            await ReasonAsync(static request => request.StartsWith("OPTIONS sip:", StringComparison.Ordinal) ? "SIP/2.0 404 Not Here\r\n\r\n" : null),
            Does.Contain("a SIP server answers there, not etcd: give the address of etcd itself, its port is 2379 as a rule"));
    }

    [Test]
    public void What_begins_as_HTTP_2_does_may_be_etcd()
    {
        Assert.That(EtcdStranger.Describe([0, 0, 6, 4, 0, 0, 0, 0, 0]), Is.Null);
        Assert.That(EtcdStranger.Describe([0]), Is.Null, "the rest may come later");
        Assert.That(EtcdStranger.Describe([]), Is.Null);
    }

    /// <summary>What is told when the server answers each connection so, once something has come; null closes it.</summary>
    private static async Task<string> ReasonAsync(Func<string, string?> answer)
    {
        await using var server = new AnsweringServer(answer);
        using var store = new EtcdConnection(Endpoints(server.Port), TimeProvider.System);
        var reader = new ClusterReader(store, new EtcdKeys("default"), TimeProvider.System);
        var unreachable = await Assert.ThrowsAsync<EtcdUnreachableException>(() => reader.ReadAsync(CancellationToken.None));
        return unreachable!.Message;
    }

    private static EtcdEndpoints Endpoints(int port) =>
        EtcdEndpoints.TryParse($"http://127.0.0.1:{port}", out var endpoints, out var error) ? endpoints : throw new InvalidOperationException(error);
}
