using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>The screens in documents are those that are printed.</summary>
public class ScreenTests
{
    [Test]
    public void The_README_shows_status_as_it_looks_when_all_is_well() =>
        AssertShown("README.md", Screen(View([Ready("asterisk-1", "sip:10.0.0.11:5060")], ("edge-1", Report(1)))));

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

    private static void AssertShown(string path, string screen)
    {
        var text = string.Join('\n', MarkdownFile.Read(path).Blocks);
        var inList = screen.Replace("\n", "\n   ", StringComparison.Ordinal).Replace("\n   \n", "\n\n", StringComparison.Ordinal).TrimEnd();

        Assert.That(text, Does.Contain(screen.TrimEnd()).Or.Contain(inList));
    }
}
