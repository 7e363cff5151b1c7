using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate.History;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What <c>kamrpc history</c> shows in terminals of several widths.</summary>
public class HistoryAnswerTests
{
    private static readonly HistoryAnswer Two = new(new HistoryView(
        1200,
        [
            new StoredHistory(1154, Entry("rollout promote", "v1 90%, v2 10%", "v1 50%, v2 50%") with { Acknowledged = [new("edge-1", TimeSpan.FromMilliseconds(31)), new("edge-2", TimeSpan.FromMilliseconds(48))] }),
            new StoredHistory(1153, Entry("rollout pause", "running", "paused") with { Reason = "the gate says no, twice" }),
        ],
        []), null, 20, Clusters.Now);

    [TestCase(80)]
    [TestCase(100)]
    [TestCase(120)]
    [TestCase(200)]
    public void No_number_and_no_word_is_cut(int width)
    {
        var text = Two.ToText(new Layout(width, Palette.None));
        var words = string.Join(' ', text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));

        Assert.That(text.Split('\n'), Has.All.Length.LessThanOrEqualTo(width));
        Assert.That(words, Does.Contain("rollout promote").And.Contain("rollout pause").And.Contain("1154").And.Contain("root@vm").And.Not.Contain("..."));
        Assert.That(words, Does.Contain("2m").Or.Contain("2026-01-31T11:58:00Z"), "when");
    }

    [Test]
    public void Where_there_is_room_both_ways_to_say_when_are_shown() => Assert.That(Two.ToText(new Layout(200, Palette.None)), Does.Contain("2026-01-31T11:58:00Z  2m"));

    private static HistoryEntry Entry(string what, string from, string to) => new HistoryEntry(Clusters.Now.AddMinutes(-2), "root@vm", what) { From = from, To = to }.About([1], ["asterisk-1", "asterisk-2", "asterisk-3", "asterisk-4"]);
}
