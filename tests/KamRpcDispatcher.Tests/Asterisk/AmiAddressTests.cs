using KamRpcDispatcher.Asterisk;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Asterisk;

public sealed class AmiAddressTests
{
    [TestCase("127.0.0.1:5038", "127.0.0.1", 5038, "127.0.0.1:5038")]
    [TestCase("10.0.0.5:15038", "10.0.0.5", 15038, "10.0.0.5:15038")]
    [TestCase("pbx.example.org", "pbx.example.org", 5038, "pbx.example.org:5038")]
    [TestCase("[::1]:5039", "::1", 5039, "[::1]:5039")]
    public void A_host_has_a_port_or_that_of_AMI(string text, string host, int port, string shown)
    {
        Assert.That(AmiAddress.TryParse(text, out var address, out var error), error);
        Assert.That((address!.Host, address.Port, address.ToString()), Is.EqualTo((host, port, shown)));
    }

    [Test]
    public void A_secret_that_stands_in_it_is_not_repeated()
    {
        Assert.That(AmiAddress.TryParse("user:secret@127.0.0.1:5038", out _, out var error), Is.False);
        Assert.That(error, Does.StartWith("'127.0.0.1:5038' is not").And.EndWith("the user with --ami-user and the secret with --ami-secret-file").And.Not.Contain(":secret"));
    }

    [TestCase("")]
    [TestCase(":5038")]
    [TestCase("127.0.0.1:")]
    [TestCase("127.0.0.1:0")]
    [TestCase("127.0.0.1:65536")]
    [TestCase("127.0.0.1:5038/")]
    [TestCase("tcp://127.0.0.1:5038")]
    [TestCase("::1:5038")]
    [TestCase("a b:5038")]
    public void What_is_none_is_named_with_how_to_write_one(string text)
    {
        Assert.That(AmiAddress.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.StartWith($"'{text}'").And.EndsWith("write 127.0.0.1:5038 or [::1]:5038"));
    }

    [Test]
    public void The_default_is_the_same_machine() => Assert.That(AmiAddress.Default.ToString(), Is.EqualTo("127.0.0.1:5038"));
}
