using System.Collections.Immutable;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Pruning;
using KamRpcDispatcher.Operate.Splits;
using KamRpcDispatcher.Operate.Waiting;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>The screens in documents are those that are printed.</summary>
public partial class ScreenTests
{
    /// <summary>What is between the members and the answer is left out there.</summary>
    [Test]
    public void The_README_shows_status_as_it_looks_when_all_is_well()
    {
        var screen = Screen(View([Ready("asterisk-1", "sip:10.0.0.11:5060")], ("edge-1", Report(1)))).TrimEnd().Split('\n');
        var shown = MarkdownFile.Read("README.md").Blocks.Select(static line => line.StartsWith("   ", StringComparison.Ordinal) ? line[3..] : line).SkipWhile(static line => !line.StartsWith("SET ", StringComparison.Ordinal)).ToList();

        Assert.That(shown.Take(4), Is.EqualTo(new[] { screen[0], screen[1], "...", screen[^1] }));
    }

    [Test]
    public void The_reference_shows_status_as_it_looks_when_it_is_not()
    {
        AnnouncedMember[] three = [Ready("asterisk-1", "sip:10.0.0.11"), Ready("asterisk-2", "sip:10.0.0.12", 2), Ready("asterisk-3", "sip:10.0.0.13", 9)];
        three[2] = three[2] with { Member = three[2].Member with { State = MemberState.Draining, Reason = "kernel update", Since = Now.AddMinutes(-1) } };
        var ill = Report(2, 1) with
        {
            Deviations = [Off(DeviationKind.Inactive, "asterisk-2", "sip:10.0.0.12", 7) with { Flags = "IP" }, Off(DeviationKind.Leaving, "asterisk-9", "sip:10.0.0.19", 12) with { Flags = "DX", Until = Now.AddSeconds(18) }],
            Drift = 1,
        };

        AssertShown("src/KamRpcDispatcher.Cli/README.md", Screen(View(three, ("p1", Report(2)), ("p2", ill))));
    }

    [Test]
    public void The_reference_shows_what_drain_answers() => AssertShown("src/KamRpcDispatcher.Cli/README.md", new OperatorAnswer(
        IntentWish.Drain,
        new IntentOutcome(IntentResult.Written, [new IntentChange(new MemberKey(1, "asterisk-1"), MemberBefore.Ready, 57)], []),
        new AppliedState([new AppliedProxy("edge-1", [1], null), new AppliedProxy("edge-2", [1], null)], [])).ToString());

    [Test]
    public void The_reference_shows_what_split_answers() => AssertShown("src/KamRpcDispatcher.Cli/README.md", new SplitAnswer(
        new SplitCommand(1, new Split(1, "version", ImmutableSortedDictionary<string, int>.Empty.Add("v1", 950).Add("v2", 50)), "ops@host"),
        new SplitOutcome(SplitResult.Written, 63) { Shares = [new SplitShare("version", "v1", null, 950, 8, 973), new SplitShare("version", "v2", null, 50, 2, 51)] },
        new AppliedState([new AppliedProxy("edge-1", [1], null), new AppliedProxy("edge-2", [1], null)], [])).ToString());

    [Test]
    public void The_reference_shows_what_history_answers() => AssertShown("src/KamRpcDispatcher.Cli/README.md", new HistoryAnswer(
        new HistoryView(
            70,
            [
                new StoredHistory(61, Drain("asterisk-2", minutes: 2) with { Acknowledged = [new("edge-1", TimeSpan.FromMilliseconds(31))], Missing = ["edge-2"] }),
                new StoredHistory(57, Drain("asterisk-1", minutes: 6) with { Acknowledged = [new("edge-2", TimeSpan.FromMilliseconds(48)), new("edge-1", TimeSpan.FromMilliseconds(12))], Reason = "upgrade" }),
            ],
            []),
        null, 20, Now).ToText(new Layout(160, Palette.None)));

    [Test]
    public void The_reference_shows_what_prune_answers() => AssertShown("src/KamRpcDispatcher.Cli/README.md", new PruneAnswer(
        [
            new Orphan(OrphanKind.Intent, 1, "asterisk-7", "drained, by ops@host") { At = Now.AddDays(-29) },
            new Orphan(OrphanKind.Intent, 1, "asterisk-9", "drained, by ops@host") { At = Now, Kept = "it is younger than --older-than" },
        ],
        null).ToString());

    private static HistoryEntry Drain(string name, int minutes) => new HistoryEntry(Now.AddMinutes(-minutes), "ops@host", "drain") { From = "ready", To = "drained" }.About([1], [name]);

    /// <summary>As the reference has them, with values in place of these.</summary>
    [Test]
    public void The_lines_of_the_log_in_the_README_are_written()
    {
        var log = string.Join('\n', MarkdownFile.Reference.Section("## Log events"));
        var rows = MarkdownFile.Rows(MarkdownFile.Read("README.md").Lines, "| what happens | who gets calls | how soon | the log says |");
        var pieces = rows.SelectMany(static row => MarkdownFile.CodeIn(row[3])).SelectMany(static line => Value().Split(line)).Select(static piece => piece.Trim()).Where(static piece => piece.Length > 0).ToList();

        Assert.That(pieces, Has.Count.GreaterThan(15));
        Assert.That(pieces.Where(piece => !log.Contains(piece, StringComparison.Ordinal)), Is.Empty);
    }

    [GeneratedRegex(@"\.\.\.|\([^)]*\)|[0-9.]+s?\b")]
    private static partial Regex Value();

    private static void AssertShown(string path, string screen)
    {
        var text = string.Join('\n', MarkdownFile.Read(path).Blocks);
        var inList = screen.Replace("\n", "\n   ", StringComparison.Ordinal).Replace("\n   \n", "\n\n", StringComparison.Ordinal).TrimEnd();

        Assert.That(text, Does.Contain(screen.TrimEnd()).Or.Contain(inList));
    }
}
