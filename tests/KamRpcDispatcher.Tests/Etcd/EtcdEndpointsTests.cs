using KamRpcDispatcher.Etcd.Connection;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class EtcdEndpointsTests
{
    [TestCase("127.0.0.1:2379", "http://127.0.0.1:2379")]
    [TestCase("http://127.0.0.1", "http://127.0.0.1:2379")]
    [TestCase("http://127.0.0.1:80", "http://127.0.0.1:80")]
    [TestCase("http://a:1/, b:2", "http://a:1,http://b:2")]
    [TestCase("http://[::1]:2379", "http://[::1]:2379")]
    [TestCase("https://a", "https://a:2379")]
    [TestCase("https://a:443/,HTTPS://b:80", "https://a:443,https://b:80")]
    public void Endpoints_are_read(string text, string expected)
    {
        Assert.That(EtcdEndpoints.TryParse(text, out var endpoints, out var error), error);
        Assert.That(endpoints!.ToString(), Is.EqualTo(expected));
    }

    [TestCase("", "not an etcd endpoint")]
    [TestCase("ftp://a:1", "not an etcd endpoint")]
    [TestCase("http://a:99999", "not an etcd endpoint")]
    [TestCase("http://a:1/path", "more than a host and a port")]
    [TestCase("https://a:1,http://b:1", "mixes http:// and https://")]
    [TestCase("https://a:1,b:1", "host:port is http://")]
    [TestCase("a:1,,b:2", "not an etcd endpoint")]
    public void Others_are_rejected_with_the_reason(string text, string reason)
    {
        Assert.That(EtcdEndpoints.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.Contain(reason));
    }

    [TestCase("http://root:secret@a:1")]
    [TestCase("root:secret@a:1")]
    [TestCase("http://root:sec@ret@a:1")]
    [TestCase("http://root:sec,ret@a:1")]
    [TestCase("http://root:,secret@a:1")]
    [TestCase("http://root:12/secret@a:1")]
    [TestCase("http://root:12?secret@a:1")]
    [TestCase("http://root:12#secret@a:1")]
    [TestCase("https://b:1,http://root:secret@a:1")]
    [TestCase("secret:99999,b@a:1")]
    [TestCase("ftp://root:secret@a:1")]
    [TestCase("http://root:secret@a:99999")]
    [TestCase("http://root:secret@a:1/path")]
    public void A_password_is_not_shown_not_in_part_either(string text)
    {
        Assert.That(EtcdEndpoints.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.Contain("a user before the host").And.Contain("--etcd-password-file").And.Not.Contain("sec").And.Not.Contain("ret@").And.Not.Contain("root"));
    }
}
