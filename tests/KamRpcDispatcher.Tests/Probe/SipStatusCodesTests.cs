using KamRpcDispatcher.Probe.Sip;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

public class SipStatusCodesTests
{
    [TestCase("2xx,404,405", 200, true)]
    [TestCase("2xx,404,405", 299, true)]
    [TestCase("2xx,404,405", 300, false)]
    [TestCase("2xx,404,405", 404, true)]
    [TestCase("2xx,404,405", 403, false)]
    [TestCase(" 2XX , 486 ", 486, true)]
    [TestCase("5xx", 500, true)]
    [TestCase("5xx", 503, false, Description = "it asks for no more calls")]
    [TestCase("5xx,503", 503, true)]
    [TestCase("503", 503, true)]
    public void Codes_are_read(string text, int code, bool expected) =>
        Assert.That(SipStatusCodes.Parse(text).Contains(code), Is.EqualTo(expected));

    [TestCase("", "''")]
    [TestCase(null, "''")]
    [TestCase("200,,404", "''")]
    [TestCase("200,1xx", "'1xx'")]
    [TestCase("200,7xx", "'7xx'")]
    [TestCase("2x", "'2x'")]
    [TestCase("2xxx", "'2xxx'")]
    [TestCase("100", "'100'")]
    [TestCase("700", "'700'")]
    [TestCase("-200", "'-200'")]
    [TestCase("200;404", "'200;404'")]
    [TestCase("2xx,é", @"'\u00e9'")]
    public void Others_are_rejected_with_the_part_that_is_wrong(string? text, string part)
    {
        Assert.That(SipStatusCodes.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.StartWith(part));
    }

    [Test]
    public void Lists_of_the_same_codes_are_equal()
    {
        Assert.That(SipStatusCodes.Parse("404,2xx"), Is.EqualTo(SipStatusCodes.Parse("2xx,404,200")));
        Assert.That(SipStatusCodes.Parse("404,2xx").GetHashCode(), Is.EqualTo(SipStatusCodes.Parse("2xx,404").GetHashCode()));
        Assert.That(SipStatusCodes.Parse("404,2xx"), Is.Not.EqualTo(SipStatusCodes.Parse("2xx")));
        Assert.That(SipStatusCodes.Parse("404,2xx").ToString(), Is.EqualTo("404,2xx"));
    }
}
