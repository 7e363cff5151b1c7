using System.Text.RegularExpressions;
using KamRpcDispatcher.Doctor.Snippet;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>The defines in the README of kamailio-cfg are those that there are, with their defaults.</summary>
internal sealed partial class DefineReferenceTests
{
    private const string Head = "| name | default | meaning |";

    private static readonly IReadOnlyList<string> Lines = MarkdownFile.Read("kamailio-cfg/README.md").Section("## Defines");

    [Test]
    public void Every_define_of_the_snippet_is_there_with_its_default_and_no_other()
    {
        var rows = MarkdownFile.Rows(Lines, Head);
        var defaults = Defaults(SnippetFiles.Snippet);

        Assert.That(rows.Select(NameOf), Is.EquivalentTo(SnippetNames.Defines));
        AssertDefaults(rows, defaults);
    }

    [Test]
    public void Every_define_of_the_small_config_is_there_with_its_default_and_no_other()
    {
        var config = File.ReadAllText(Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg", "kamailio.cfg"));
        var rows = MarkdownFile.Rows([.. Lines.SkipWhile(static line => line != "Only in `kamailio.cfg`:")], Head);

        Assert.That(rows.Select(NameOf), Is.EquivalentTo(Named().Matches(config).Select(static name => name.Groups["name"].Value).Except(SnippetNames.Defines).Distinct()));
        AssertDefaults(rows, Defaults(config));
    }

    private static void AssertDefaults(IReadOnlyList<string[]> rows, ILookup<string, string> defaults)
    {
        foreach (var row in rows)
        {
            var text = row[1].Replace("`", string.Empty, StringComparison.Ordinal);
            if (!defaults.Contains(NameOf(row)))
            {
                Assert.That(text, Is.EqualTo("not defined"), row[0]);
                continue;
            }

            Assert.That(defaults[NameOf(row)].Select(ForPeople).Where(value => !text.Contains(value, StringComparison.Ordinal)), Is.Empty, row[0]);
        }
    }

    private static string NameOf(string[] row) => row[0].Trim('`');

    private static ILookup<string, string> Defaults(string config) => Default().Matches(config).ToLookup(static line => line.Groups["name"].Value, static line => line.Groups["value"].Value);

    /// <summary>A list of codes is written shorter: 2xx, 404.</summary>
    private static string ForPeople(string value) => value.StartsWith("\"class=", StringComparison.Ordinal)
        ? string.Join(", ", Code().Matches(value).Select(static code => code.Groups["code"].Value + (code.Value[1] == 'l' ? "xx" : string.Empty)))
        : value;

    [GeneratedRegex(@"^#!trydef\s+(?<name>KAMRPC_\w+)\s+(?<value>.+)$", RegexOptions.Multiline)]
    private static partial Regex Default();

    [GeneratedRegex(@"^#!(?:trydef|ifn?def)\s+(?<name>KAMRPC_\w+)", RegexOptions.Multiline)]
    private static partial Regex Named();

    [GeneratedRegex("(?:class|code)=(?<code>[0-9]+)")]
    private static partial Regex Code();
}
