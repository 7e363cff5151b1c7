using KamRpcDispatcher.Destinations;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Destinations;

public class MemberValidationTests
{
    [TestCase("socket", "udp:10.0.0.1:5060")]
    [TestCase("obproxy", "sip:[::1]:5060")]
    [TestCase("maxload", "30")]
    [TestCase("empty", "")]
    [TestCase("obproxy", "sip:10.0.0.1;transport=tcp")]
    [TestCase("a", "1;weight=100")]
    [TestCase("a", "b=c")]
    [TestCase("a", "with space, and 'more'")]
    public void Attributes_of_Kamailio_are_allowed(string name, string value) =>
        Assert.That(MemberValidation.CheckAttribute(name, value), Is.Null);

    [TestCase("a", "line\r\nbreak")]
    [TestCase("a", "\"quoted\"")]
    [TestCase("a", "back\\slash")]
    [TestCase("a", "null\0")]
    [TestCase("a", "caf\u00e9")]
    [TestCase("a;b", "1")]
    [TestCase("a=b", "1")]
    [TestCase("", "1")]
    [TestCase("-a", "1")]
    public void What_would_break_out_of_attrs_is_named(string name, string value) =>
        Assert.That(MemberValidation.CheckAttribute(name, value), Does.Contain("is not"));

    [TestCase("maxload", "0")]
    [TestCase("maxload", "many")]
    [TestCase("maxload", "1000001")]
    [TestCase("cc", "2")]
    public void What_Kamailio_would_take_for_0_is_named(string name, string value) =>
        Assert.That(MemberValidation.CheckAttribute(name, value), Does.Contain($"the attribute '{name}' is").And.Contain($"'{value}'"));

    [TestCase("duid")]
    [TestCase("KamRpc")]
    [TestCase("weight")]
    [TestCase("RWEIGHT")]
    public void What_kamrpc_writes_itself_cannot_be_announced(string name) =>
        Assert.That(MemberValidation.CheckAttribute(name, "1"), Does.Contain("written by kamrpc itself"));

    [TestCase("asterisk-1.example.org")]
    [TestCase("10.0.0.1:5060")]
    public void Names_may_be_host_names_and_addresses(string name) => Assert.That(MemberValidation.CheckName(name), Is.Null);

    [TestCase("")]
    [TestCase("a/b")]
    [TestCase("a;b")]
    [TestCase(".a")]
    public void Other_names_are_rejected(string name) => Assert.That(MemberValidation.CheckName(name), Is.Not.Null);

    [TestCase(0, false)]
    [TestCase(1, true)]
    [TestCase(100, true)]
    [TestCase(101, false)]
    public void Weights_are_those_that_Kamailio_takes(long weight, bool valid) =>
        Assert.That(MemberValidation.CheckWeight(weight) is null, Is.EqualTo(valid));

    [Test]
    public void Untrusted_text_is_made_safe_to_print() =>
        Assert.That(SafeText.Shorten("a\r\n\u001b[31m" + new string('x', 100)), Is.EqualTo("a\\u000d\\u000a\\u001b[31m" + new string('x', 56) + "..."));
}
