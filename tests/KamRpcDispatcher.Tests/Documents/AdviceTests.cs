using System.Text.RegularExpressions;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Doctor;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>
/// Where a dispatcher is at work it is the only one to change Kamailio's list: two writers crash Kamailio. No message, finding or document tells an
/// operator to change it by hand meanwhile.
/// </summary>
public partial class AdviceTests
{
    /// <summary>The command alone: where no dispatcher is at work. <see cref="OrphansCheckTests"/> has both.</summary>
    private const string WithoutDispatcher = "kamcmd dispatcher.remove {destination.Set} {destination.Uri}, and so on";

    [Test]
    public void No_text_of_the_program_tells_to_change_the_list_beside_a_dispatcher()
    {
        var advice = (
            from file in Directory.GetFiles(Path.Combine(RealServers.RepositoryRoot, "src"), "*.cs", SearchOption.AllDirectories)
            where !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)
            from line in File.ReadLines(file)
            where !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            from Match text in Literal().Matches(line)
            where Change().IsMatch(text.Value) && !MethodName().IsMatch(text.Value)
            select text.Value.Trim('"')).ToList();

        Assert.That(advice, Has.Count.GreaterThan(6));
        Assert.That(advice.Where(static text => !IsHarmless(text) && text != WithoutDispatcher), Is.Empty);
    }

    [Test]
    public void No_event_tells_to_change_the_list_beside_a_dispatcher() =>
        Assert.That(LogEventsTests.Events.Select(static one => one.Event.Message).Where(static text => (Change().IsMatch(text) || text.Contains("by hand", StringComparison.Ordinal)) && !IsHarmless(text)), Is.Empty);

    [TestCase("README.md")]
    [TestCase("src/KamRpcDispatcher.Cli/README.md")]
    [TestCase("src/KamRpcDispatcher/README.md")]
    [TestCase("kamailio-cfg/README.md")]
    public void No_document_tells_to_change_the_list_beside_a_dispatcher(string file) => Assert.That(
        Cell().Split(File.ReadAllText(Path.Combine(RealServers.RepositoryRoot, file))).Where(static text => Advice().IsMatch(text) && !IsHarmless(text)), Is.Empty);

    /// <summary>Whatever is wrong with the list, as far as a check can see.</summary>
    [Test]
    public void No_check_tells_to_change_the_list_beside_a_dispatcher()
    {
        Member[] members = [Members.Of("a", uri: "sip:10.0.0.1"), Members.Of("b", uri: "sip:10.0.0.2")];
        var fixes =
            from state in Enum.GetValues<DestinationState>()
            from announced in Enum.GetValues<MemberState>()
            from cluster in (string[])["default", "another", ""]
            from uri in (string[])["sip:10.0.0.1", "sip:10.0.0.9", "sip:dead.example.org"]
            let list = Healthy.List(Healthy.Destination(uri) with { State = state, Attributes = cluster.Length == 0 ? string.Empty : $"duid=a;kamrpc={cluster}" })
            let kamailio = Healthy.Kamailio with { List = list, UnresolvedNames = new HashSet<string> { "dead.example.org" } }
            let etcd = Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Of([members[0] with { State = announced }, members[1]]) }
            from finding in AllChecks.Of(kamailio, etcd)
            where finding.Fix is not null && finding.IsProblem
            select finding.Fix;
        var all = fixes.Distinct().ToList();

        Assert.That(all, Has.Count.GreaterThan(4));
        Assert.That(all.Where(static fix => Change().IsMatch(fix) && !IsHarmless(fix)), Is.Empty);
    }

    /// <summary>It says that the dispatcher is to be stopped first, or that this is not to be done, or what Kamailio does of it.</summary>
    private static bool IsHarmless(string text) => Harmless().IsMatch(text);

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Literal();

    [GeneratedRegex(@"\bdispatcher\.(?:add|remove|reload|set_state|set_duid_state)\b")]
    private static partial Regex Change();

    // The name of a call, or a part of a sentence that looks for it.
    [GeneratedRegex(@"^""dispatcher\.[a-z_]+""$")]
    private static partial Regex MethodName();

    [GeneratedRegex(@"\b[Ss]top(?:ped)?\b|\bno dispatcher\.|\bno `dispatcher\.|is to be changed by|takes no attributes|corrupts|does not last|is enabled again|had added are gone|repaired within|without the mark")]
    private static partial Regex Harmless();

    // A cell of a table, or a paragraph or item of text.
    [GeneratedRegex(@"(?<!\\)\||\n\n|\n- ")]
    private static partial Regex Cell();

    [GeneratedRegex(@"kam(?:cmd|ctl)[^.;]{0,40}dispatcher\.(?:add|remove|reload|set_state)|^\s*`?dispatcher\.(?:add|remove|reload|set_state)|\b(?:remove|put|take)\b[^.;]{0,40}\bby hand\b")]
    private static partial Regex Advice();
}
