using KamRpcDispatcher.Destinations;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Destinations;

public class AttributeListTests
{
    [TestCase("a=1;b=2", "b", "2")]
    [TestCase("a=1; B = 2 ;c=3", "b", "2")]
    [TestCase("a=\"1;b=3\";b=2", "b", "2")]
    [TestCase("a=\"1;b=3\"", "b", null)]
    [TestCase("a='1;b=3';b='2'", "b", "2")]
    [TestCase("a=\"it's\";b=2", "b", "2")]
    [TestCase("a=\"\\\";b=3\";b=2", "b", "2", Description = "an escaped quote ends nothing")]
    [TestCase("a=x\"y;b=2", "b", "2", Description = "a quote within a value is none")]
    [TestCase("b;a=1", "b", null)]
    [TestCase("b=", "b", "")]
    [TestCase("b=\"\";a=1", "b", "")]
    [TestCase("b=1;b=2", "b", "1")]
    [TestCase("a=\"never closed;b=2", "b", null)]
    [TestCase("", "b", null)]
    public void A_value_is_found_as_Kamailio_reads_it(string attributes, string name, string? value) =>
        Assert.That(AttributeList.Find(attributes, name), Is.EqualTo(value));

    [TestCase("a=1;b=2", "a:1,b:2")]
    [TestCase(" a = 1 ; b=\"x;c=3\";d='4'", "a:1,b:x;c=3,d:4")]
    [TestCase("b;a=1;", "a:1")]
    [TestCase("b=;a=\"never closed;c=2", "b:,a:\"never closed;c=2")]
    [TestCase("", "")]
    public void All_are_found_as_Kamailio_reads_them(string attributes, string all) =>
        Assert.That(string.Join(',', AttributeList.All(attributes).Select(static pair => $"{pair.Name}:{pair.Value}")), Is.EqualTo(all));

    [TestCase("kamrpc=c", "c")]
    [TestCase("x=\"a;kamrpc=c\"", null)]
    [TestCase(" kamrpc=c", null)]
    [TestCase("KAMRPC=c", null)]
    [TestCase("kamrpc=\"c\"", "\"c\"")]
    public void A_mark_of_ours_is_one_to_the_letter_only(string attributes, string? value) =>
        Assert.That(AttributeList.FindExact(attributes, "kamrpc"), Is.EqualTo(value));

    [TestCase("udp:10.0.0.1:5060", "udp:10.0.0.1:5060")]
    [TestCase("sip:10.0.0.1;transport=tcp", "\"sip:10.0.0.1;transport=tcp\"")]
    [TestCase("", "\"\"")]
    public void Quotes_are_put_where_a_value_needs_them(string value, string text) => Assert.That(AttributeList.Quoted(value), Is.EqualTo(text));
}
