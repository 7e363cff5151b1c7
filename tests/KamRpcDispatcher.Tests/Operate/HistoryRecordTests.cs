using System.Text;
using KamRpcDispatcher.Operate.History;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>What the history holds, and what anybody may have written there.</summary>
public class HistoryRecordTests
{
    private const string Least = "\"at\":\"2026-01-31T12:00:00Z\",\"by\":\"ops@host\",\"what\":\"drain\"";

    private static readonly HistoryEntry Whole = new HistoryEntry(Views.Now, "ops@host", "drain")
    {
        From = "ready",
        To = "drained",
        Reason = "kernel update",
        Acknowledged = [new("p2", TimeSpan.FromMilliseconds(48)), new("p1", TimeSpan.FromMilliseconds(12))],
        Missing = ["p3"],
    }.About([2, 1, 2], ["a", "b"]);

    [Test]
    public void Its_form_is_a_promise() => Assert.That(Encoding.UTF8.GetString(HistoryRecord.Write(Whole)), Is.EqualTo(
        $$"""{{{Least}},"sets":[1,2],"subjects":["a","b"],"from":"ready","to":"drained","reason":"kernel update","acknowledged":{"p2":48,"p1":12},"missing":["p3"]}"""));

    [Test]
    public void What_is_written_is_read()
    {
        Assert.That(HistoryRecord.TryRead(HistoryRecord.Write(Whole), out var read, out var error), error);
        Assert.That(HistoryRecord.Write(read!), Is.EqualTo(HistoryRecord.Write(Whole)));
        Assert.That(HistoryRecord.TryRead(HistoryRecord.Write(new HistoryEntry(Views.Now, "ops@host", "drain")), out read, out error), error);
        Assert.That((read!.Acknowledged, read.Reason, read.Sets.Count), Is.EqualTo(((IReadOnlyList<ProxyTime>?)null, (string?)null, 0)), "nobody waited");
    }

    [Test]
    public void The_longest_that_is_written_is_read()
    {
        var text = new string('\u20ac', 1000);
        var entry = new HistoryEntry(Views.Now, text, text)
        {
            From = text, To = text, Reason = text,
            Acknowledged = [.. Enumerable.Range(0, 100).Select(number => new ProxyTime($"{number}{text}", TimeSpan.FromDays(number)))], Missing = [.. Enumerable.Repeat(text, 100)],
        }.About(Enumerable.Range(0, 100), Enumerable.Range(0, 100).Select(number => $"{number}{text}"));

        var value = HistoryRecord.Write(entry);

        Assert.That(HistoryRecord.TryRead(value, out var read, out var error), error);
        Assert.That((read!.Subjects.Count, read.More, read.Sets.Count, read.Acknowledged!.Count, read.Missing.Count), Is.EqualTo((20, 80, 20, 32, 32)));
    }

    [TestCase("{" + Least + ",\"of-a-newer-version\":[]}", null)]
    [TestCase("{\"by\":\"x\",\"what\":\"y\"}", "at: is missing")]
    [TestCase("{" + Least + ",\"sets\":[-1]}", "sets: -1 is not from 0")]
    [TestCase("{" + Least + ",\"sets\":3}", "sets: not an array")]
    [TestCase("{" + Least + ",\"subjects\":[1]}", "subjects: not a string")]
    [TestCase("{" + Least + ",\"subjects\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]}", "subjects: more than 20")]
    [TestCase("{" + Least + ",\"acknowledged\":[]}", "acknowledged: not an object")]
    [TestCase("{" + Least + ",\"acknowledged\":{\"p1\":\"soon\"}}", "acknowledged: '\"soon\"' is not a whole number")]
    [TestCase("{" + Least + ",\"what\":\"resume\"}", "the value is not JSON of the kind expected")]
    [TestCase("[]", "the value is JSON, but not an object")]
    [TestCase("", "the value is not JSON of the kind expected")]
    public void A_record_that_is_none_is_no_entry_and_the_reason_is_told(string value, string? reason)
    {
        Assert.That(HistoryRecord.TryRead(Encoding.UTF8.GetBytes(value), out _, out var error), Is.EqualTo(reason is null));
        Assert.That(error, reason is null ? Is.Null : Does.StartWith(reason));
    }
}
