using System.Collections.Immutable;
using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

public class MemberRecordTests
{
    private static readonly MemberKey Key = new(1, "a");

    [Test]
    public void Only_the_uri_is_required()
    {
        var member = Read("""{"uri":"sip:10.0.0.1"}""");

        Assert.Multiple(() =>
        {
            Assert.That(member.Uri.Text, Is.EqualTo("sip:10.0.0.1"));
            Assert.That(member.State, Is.EqualTo(MemberState.Ready));
            Assert.That(member.Weight, Is.Null);
            Assert.That(member.Attributes, Is.Empty);
        });
    }

    [Test]
    public void Without_a_slow_start_and_without_counts_a_record_is_as_earlier_versions_wrote_it() =>
        Assert.That(Encoding.UTF8.GetString(MemberRecord.Write(new Member(Key, SipUri.Parse("sip:10.0.0.1")))), Is.EqualTo("""{"uri":"sip:10.0.0.1"}"""));

    [Test]
    public void What_is_written_is_read_again()
    {
        var member = new Member(Key, SipUri.Parse("sip:[::1]:5061;transport=tls"))
        {
            Weight = 50,
            SlowStart = TimeSpan.FromSeconds(30),
            CountsCalls = true,
            Priority = 3,
            Attributes = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("maxload", "30")]),
            Labels = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("version", "v2")]),
            State = MemberState.Draining,
            Reason = "restart \"now\"",
            Since = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero),
        };

        Assert.That(MemberRecord.TryRead(Key, MemberRecord.Write(member), out var read, out var error), error);
        Assert.Multiple(() =>
        {
            Assert.That(read! with { Attributes = member.Attributes, Labels = member.Labels }, Is.EqualTo(member));
            Assert.That(read.Attributes, Is.EqualTo(member.Attributes));
            Assert.That(read.Labels, Is.EqualTo(member.Labels));
        });
    }

    [TestCase("sip:10.0.0.1", "not JSON")]
    [TestCase("", "not JSON")]
    [TestCase("[]", "not an object")]
    [TestCase("null", "not an object")]
    [TestCase("{}", "uri is missing")]
    [TestCase("""{"uri":7}""", "uri: not a string")]
    [TestCase("""{"uri":null}""", "uri: not a string")]
    [TestCase("""{"uri":"sip:10.0.0.1\r\nVia: x"}""", "a space")]
    [TestCase("""{"uri":"sip:10.0.0.1;lr"}""", "is not allowed")]
    [TestCase("""{"uri":"sip:10.0.0.1","uri":"sip:10.0.0.2"}""", "not JSON of the kind expected")]
    [TestCase("""{"uri":"sip:10.0.0.1","weight":0}""", "the weight 0 is not from 1 to 100")]
    [TestCase("""{"uri":"sip:10.0.0.1","slowStart":0}""", "slowStart is 0, and not from 1 to 3600 seconds")]
    [TestCase("""{"uri":"sip:10.0.0.1","slowStart":"30s"}""", "slowStart: '\"30s\"' is not a whole number")]
    [TestCase("""{"uri":"sip:10.0.0.1","countsCalls":1}""", "countsCalls: neither true nor false")]
    [TestCase("""{"uri":"sip:10.0.0.1","weight":101}""", "the weight 101 is not from 1 to 100")]
    [TestCase("""{"uri":"sip:10.0.0.1","weight":"50"}""", "weight: '\"50\"' is not a whole number")]
    [TestCase("""{"uri":"sip:10.0.0.1","weight":1.5}""", "weight: '1.5' is not a whole number")]
    [TestCase("""{"uri":"sip:10.0.0.1","weight":99999999999999999999}""", "is not a whole number")]
    [TestCase("""{"uri":"sip:10.0.0.1","priority":-1}""", "the priority -1 is not from 0 to 127")]
    [TestCase("""{"uri":"sip:10.0.0.1","attrs":{"a":"b\";duid=\"x"}}""", "is not up to")]
    [TestCase("""{"uri":"sip:10.0.0.1","attrs":{"a":1}}""", "attrs.a: not a string")]
    [TestCase("""{"uri":"sip:10.0.0.1","attrs":["a"]}""", "attrs: not an object")]
    [TestCase("""{"uri":"sip:10.0.0.1","attrs":{"duid":"x"}}""", "written by kamrpc itself")]
    [TestCase("""{"uri":"sip:10.0.0.1","labels":{"a":{"b":{"c":{}}}}}""", "labels.a: not a string")]
    [TestCase("""{"uri":"sip:10.0.0.1","state":7}""", "state: not a string")]
    [TestCase("""{"uri":"sip:10.0.0.1","since":"yesterday"}""", "since: not a time")]
    [TestCase("""{"uri":"\ud800"}""", "not valid UTF-8")]
    [TestCase("""{"uri":"sip:10.0.0.1"} {}""", "not JSON")]
    public void A_record_that_cannot_be_used_is_rejected_with_the_reason(string value, string reason) =>
        Assert.That(Error(Encoding.UTF8.GetBytes(value)), Does.Contain(reason));

    [Test]
    public void Bytes_that_are_not_UTF8_are_rejected() =>
        Assert.That(Error([.. "{\"uri\":\""u8, 0xff, 0xfe, .. "\"}"u8]), Is.Not.Null);

    [Test]
    public void A_value_of_a_megabyte_is_rejected_without_being_parsed() =>
        Assert.That(Error(new byte[1024 * 1024]), Does.Contain("1048576 bytes"));

    [Test]
    public void More_attributes_than_the_limit_are_rejected()
    {
        var attributes = string.Join(',', Enumerable.Range(0, MemberValidation.MaxAttributes + 1).Select(static number => $"\"a{number}\":\"x\""));

        Assert.That(Error(Encoding.UTF8.GetBytes($"{{\"uri\":\"sip:10.0.0.1\",\"attrs\":{{{attributes}}}}}")), Does.Contain("33 attrs, more than 32"));
    }

    [TestCase("\"zone\":\"eu\"", "the field 'zone' is not known")]
    [TestCase("\"URI\":\"sip:10.0.0.2\"", "the field 'URI' is not known")]
    [TestCase("\"health\":{\"a\":[{\"b\":{\"c\":[{}]}}]}", "the field 'health' is not known")]
    public void What_a_newer_version_says_beside_is_left_out_and_told(string field, string remark)
    {
        var value = Encoding.UTF8.GetBytes($"{{\"uri\":\"sip:10.0.0.1\",\"state\":\"down\",{field}}}");

        Assert.That(MemberRecord.TryRead(Key, value, out var member, out var error, out var remarks), error);
        Assert.Multiple(() =>
        {
            Assert.That(member!.Uri.Text, Is.EqualTo("sip:10.0.0.1"));
            Assert.That(member.State, Is.EqualTo(MemberState.Down));
            Assert.That(remarks.Ignored.Single(), Is.EqualTo(remark));
        });
    }

    [Test]
    public void A_state_that_is_not_known_is_not_ready()
    {
        Assert.That(MemberRecord.TryRead(Key, "{\"uri\":\"sip:10.0.0.1\",\"state\":\"asleep\",\"reason\":\"night\"}"u8.ToArray(), out var member, out var error, out var remarks), error);

        Assert.That(member!.State, Is.EqualTo(MemberState.Down));
        Assert.That(member.Reason, Does.Contain("'asleep' is not known"));
        Assert.That(remarks.Ignored.Single(), Does.Contain("'asleep'"));
    }

    private static string? Error(byte[] value)
    {
        Assert.That(MemberRecord.TryRead(Key, value, out _, out var error), Is.False);
        return error;
    }

    private static Member Read(string value)
    {
        Assert.That(MemberRecord.TryRead(Key, Encoding.UTF8.GetBytes(value), out var member, out var error), error);
        return member!;
    }
}
