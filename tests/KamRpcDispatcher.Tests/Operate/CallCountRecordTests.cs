using System.Text;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>What announcers write of their calls, and what anybody may have written there.</summary>
public class CallCountRecordTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly CallCount[] Counts =
    [
        new(3) { At = Noon },
        new(0) { Channels = 0, At = Noon },
        new(0) { Channels = 2, At = Noon },
        new(Calls: null) { Reason = "Asterisk does not say", At = Noon },
    ];

    [TestCaseSource(nameof(Counts))]
    public void What_is_written_is_read(CallCount count)
    {
        Assert.That(CallCountRecord.TryRead(CallCountRecord.Write(count), out var read, out var error), error);
        Assert.That(read, Is.EqualTo(count));
    }

    [Test]
    public void Its_form_is_a_promise() => Assert.That(Encoding.UTF8.GetString(CallCountRecord.Write(Counts[2])), Is.EqualTo("""{"calls":0,"channels":2,"at":"2026-01-31T12:00:00Z"}"""));

    [Test]
    public void Idle_is_who_has_neither_calls_nor_channels_and_unknown_who_was_not_counted() =>
        Assert.That(Counts.Select(static count => count.IsIdle), Is.EqualTo(new bool?[] { false, true, false, null }));

    [Test]
    public void In_words_it_says_what_is_up() => Assert.That(
        Counts.Append(new CallCount(1)).Append(new CallCount(Calls: null)).Append(new CallCount(Calls: null) { Reason = "\u001b[2J" }).Select(static count => count.ToString()),
        Is.EqualTo(new[] { "3 calls", "no calls", "no calls, and 2 channels", "Asterisk does not say", "1 call", "its announcer cannot count them", SafeEscape }));

    [TestCase("{}", ExpectedResult = null, TestName = "Without_a_count_nothing_is_known")]
    [TestCase("""{"calls":4,"of-a-newer-version":{}}""", ExpectedResult = 4, TestName = "What_a_newer_version_writes_is_left_out")]
    public int? Usable(string value) => CallCountRecord.TryRead(Encoding.UTF8.GetBytes(value), out var count, out var error) ? count.Calls : throw new FormatException(error);

    [TestCase("""{"calls":-1}""", "calls: -1 is not from 0 to 1000000")]
    [TestCase("""{"calls":1000001}""", "calls: 1000001 is not from 0 to 1000000")]
    [TestCase("""{"calls":99999999999999999999}""", "calls: '99999999999999999999' is not a whole number")]
    [TestCase("""{"calls":0.5}""", "calls: '0.5' is not a whole number")]
    [TestCase("""{"calls":"0"}""", "calls: '\"0\"' is not a whole number")]
    [TestCase("""{"calls":null}""", "calls: 'null' is not a whole number")]
    [TestCase("""{"calls":0,"channels":-1}""", "channels: -1 is not from 0")]
    [TestCase("""{"calls":5,"calls":0}""", "the value is not JSON of the kind expected")]
    [TestCase("""{"calls":0,"at":"yesterday"}""", "at: not a time such as")]
    [TestCase("0", "the value is JSON, but not an object")]
    [TestCase("", "the value is not JSON of the kind expected")]
    public void A_record_that_is_none_is_no_count_and_the_reason_is_told(string value, string reason)
    {
        Assert.That(CallCountRecord.TryRead(Encoding.UTF8.GetBytes(value), out var count, out var error), Is.False);
        Assert.That((count, error), Is.EqualTo(((CallCount?)null, error)));
        Assert.That(error, Does.StartWith(reason));
    }

    [Test]
    public void One_that_is_too_long_is_not_read() => Assert.That(
        CallCountRecord.TryRead(Encoding.UTF8.GetBytes("""{"calls":0,"x":""" + '"' + new string('x', CallCountRecord.MaxLength) + "\"}"), out _, out _), Is.False);

    private static string SafeEscape => KamRpcDispatcher.Destinations.SafeText.Shorten("\u001b[2J");
}
