using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Testing;
using NUnit.Framework;
using YamlDotNet.RepresentationModel;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>What the project's page goes by: workflows, which call the repository's own scripts, and forms.</summary>
public partial class ProjectFilesTests
{
    private static readonly string Folder = Path.Combine(RealServers.RepositoryRoot, ".github");

    private static IEnumerable<string> Workflows() => Names("workflows");

    private static IEnumerable<string> Forms() => Names("ISSUE_TEMPLATE").Where(static name => name != "config.yml");

    [TestCaseSource(nameof(Workflows))]
    public void A_workflow_calls_scripts_that_are_there(string name)
    {
        var workflow = Read("workflows", name);
        var lines = Steps(workflow).Select(static step => Text(step, "run")).OfType<string>().ToList();
        var scripts = lines.SelectMany(static line => Script().Matches(line).Select(static match => match.Value)).Distinct().ToList();

        Assert.That(scripts, Is.Not.Empty);
        Assert.That(scripts.Where(static script => !IsProgram(Path.Combine(RealServers.RepositoryRoot, script))), Is.Empty, "no file, or one that cannot be run");
        Assert.That(Text(workflow, "permissions") ?? Text((YamlMappingNode)workflow["permissions"], "contents"), Is.EqualTo("read"), "it may no more unless a job asks");
        Assert.That(Steps(workflow).Select(static step => Text(step, "uses")).OfType<string>().Where(static action => !Action().IsMatch(action)), Is.Empty, "actions without a version");
    }

    [Test]
    public void What_a_change_has_to_pass_is_what_is_run_on_any_machine() =>
        Assert.That(Steps(Read("workflows", "test.yml")).Select(static step => Text(step, "run")), Has.Member(".ci/run"));

    [TestCaseSource(nameof(Forms))]
    public void A_form_has_a_name_and_asks_each_question_once(string name)
    {
        var form = Read("ISSUE_TEMPLATE", name);
        var questions = ((YamlSequenceNode)form["body"]).Cast<YamlMappingNode>().ToList();
        var ids = questions.Where(static question => Text(question, "type") != "markdown").Select(static question => Text(question, "id")).ToList();

        Assert.That(new[] { Text(form, "name"), Text(form, "description") }, Has.All.Length.GreaterThan(3));
        Assert.That(ids, Is.Unique.And.All.Not.Null.And.Not.Empty);
        Assert.That(questions.Select(static question => Text(question, "type")).Distinct(), Is.SubsetOf(new[] { "markdown", "textarea", "input", "dropdown", "checkboxes" }));
    }

    /// <summary>A form asks for what is there to be given.</summary>
    [Test]
    public void A_report_of_a_fault_has_what_doctor_says()
    {
        var commands = new CommandLine().Root.Subcommands.Select(static command => command.Name).ToList();
        var asked = ((YamlSequenceNode)Read("ISSUE_TEMPLATE", "fault.yml")["body"]).Cast<YamlMappingNode>()
            .Select(static question => question.Children.TryGetValue("attributes", out var attributes) ? Text((YamlMappingNode)attributes, "label") : null).OfType<string>().ToList();

        Assert.That(asked, Has.Member("kamrpc doctor -o json"));
        Assert.That(asked.Select(static label => Command().Match(label)).Where(static match => match.Success).Select(static match => match.Groups[1].Value).Except(commands), Is.Empty);
    }

    private static IEnumerable<string> Names(string folder) => Directory.EnumerateFiles(Path.Combine(Folder, folder), "*.yml").Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static YamlMappingNode Read(string folder, string name)
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(Path.Combine(Folder, folder, name));
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents.Single().RootNode;
    }

    private static IEnumerable<YamlMappingNode> Steps(YamlMappingNode workflow) =>
        ((YamlMappingNode)workflow["jobs"]).Children.Values.SelectMany(static job => (YamlSequenceNode)job["steps"]).Cast<YamlMappingNode>();

    private static string? Text(YamlMappingNode node, string key) => node.Children.TryGetValue(key, out var value) ? (value as YamlScalarNode)?.Value : null;

    private static bool IsProgram(string path) => File.Exists(path) && (File.GetUnixFileMode(path) & UnixFileMode.UserExecute) != 0;

    [GeneratedRegex(@"(?<![\w/.-])(?:\.ci|src|tests|samples)/[\w./-]*(?:run|\.sh)(?![\w.])")]
    private static partial Regex Script();

    [GeneratedRegex(@"^[\w.-]+/[\w./-]+@v\d")]
    private static partial Regex Action();

    [GeneratedRegex(@"^kamrpc (\w+)")]
    private static partial Regex Command();
}
