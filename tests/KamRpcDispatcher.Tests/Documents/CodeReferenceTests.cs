using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Health;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>What programs read of kamrpc stands in the reference: exit codes, codes of findings, kinds, names of checks; and nothing that is not there.</summary>
internal sealed partial class CodeReferenceTests
{
    private static readonly RootCommand Root = new CommandLine().Root;

    private static IEnumerable<string> Commands => Root.Subcommands.Select(static command => command.Name);

    [Test]
    public void The_exit_codes_are_all_there() => Assert.That(
        Column(MarkdownFile.Reference.Lines, "| exit code | of every command |"),
        Is.EqualTo(typeof(ExitCode).GetFields(BindingFlags.Static | BindingFlags.Public).Select(static field => ((int)field.GetRawConstantValue()!).ToString(CultureInfo.InvariantCulture))));

    [TestCaseSource(nameof(Commands))]
    public void A_section_has_the_exit_codes_of_its_command(string command)
    {
        var help = ((CliCommand)Root.Subcommands.Single(known => known.Name == command)).Help;
        var text = ExitCodes().Match(string.Join('\n', MarkdownFile.Reference.Section($"## kamrpc {command}"))).Value.Replace('\n', ' ');

        Assert.That(Digit().Matches(text).Select(static code => int.Parse(code.Value, CultureInfo.InvariantCulture)), Is.EquivalentTo(help.Exits.Select(static exit => exit.Code).Append(ExitCode.Usage)), text);
    }

    [Test]
    public void The_findings_of_status_are_all_there() => Assert.That(
        Column(Status, "| code | what is found |"),
        Is.EquivalentTo(FindingCode.All.Append(FindingCode.Trouble + "KIND")));

    [Test]
    public void The_kinds_of_trouble_are_all_there() => Assert.That(Column(Status, "| kind | what it is |"), Is.EquivalentTo(Constants(typeof(TroubleKind))));

    [Test]
    public void The_kinds_of_deviations_are_all_there() =>
        Assert.That(Column(MarkdownFile.Reference.Section("## Keys in etcd"), "| kind of `deviations` | what it is | `until` |"), Is.EquivalentTo(Constants(typeof(DeviationKind))));

    [Test]
    public void The_checks_of_doctor_are_all_there() => Assert.That(
        MarkdownFile.Rows(MarkdownFile.Reference.Section("## kamrpc doctor"), "| check | looks at |").SelectMany(static row => MarkdownFile.CodeIn(row[0])),
        Is.EquivalentTo(Checkup.CheckNames));

    [Test]
    public void The_reasons_of_health_are_all_there() =>
        Assert.That(Column(MarkdownFile.Reference.Section("## kamrpc health"), "| reason | exit code | when | line |"), Is.EquivalentTo(Constants(typeof(HealthReason))));

    [Test]
    public void The_checks_of_a_config_are_all_there()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher", "Doctor", "Snippet"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText).ToList();
        var names = sources.SelectMany(static source => CheckName().Matches(source)).Select(static name => name.Groups["name"].Value).Distinct().ToList();

        Assert.That(names, Has.Count.GreaterThan(10));
        Assert.That(Column(MarkdownFile.Reference.Section("## kamrpc cfg"), "| check | finds |"), Is.EquivalentTo(names));
    }

    /// <summary>By what writes them.</summary>
    [TestCase("status", "StatusJson", "ReportJson", "IntentJson", "StatusClaims", "StatusShares", "SharedCalls", "ShareJson")]
    [TestCase("explain", "ExplainCommand", "MemberExplanation", "IntentJson")]
    [TestCase("list", "KamailioListing")]
    [TestCase("doctor", "DoctorJson")]
    [TestCase("cfg", "CfgReport")]
    [TestCase("confirm", "ConfirmAnswer")]
    [TestCase("drain", "OperatorAnswer", "ForecastAnswer")]
    [TestCase("resume", "OperatorAnswer")]
    [TestCase("proxy", "OperatorAnswer")]
    [TestCase("health", "HealthVerdict")]
    [TestCase("dispatch", "DryRunAnswer")]
    [TestCase("split", "SplitAnswer", "SharesRun", "SharedCalls")]
    [TestCase("history", "HistoryAnswer")]
    [TestCase("prune", "PruneAnswer")]
    [TestCase("rollout", "RolloutAnswer", "RolloutPlanAnswer")]
    public void The_fields_of_the_JSON_are_all_there(string command, params string[] classes)
    {
        var written = JsonFields.WrittenBy(classes);
        var text = string.Join('\n', MarkdownFile.Reference.Section($"## kamrpc {command}"));

        // What "confirm" writes into etcd stands there too.
        string[] ofRecords = command == "confirm" ? ["state", "reason"] : [];
        Assert.That(written, Has.Count.GreaterThan(4));
        Assert.That(written.Where(name => !text.Contains($"\"{name}\"", StringComparison.Ordinal)), Is.Empty, "fields that the reference does not tell");
        Assert.That(ToldField().Matches(text).Select(static field => field.Groups["name"].Value).Except(written).Except(ofRecords), Is.Empty, "fields that nobody writes");
    }

    private static IReadOnlyList<string> Status => MarkdownFile.Reference.Section("## kamrpc status");

    private static IEnumerable<string> Column(IReadOnlyList<string> lines, string head) => MarkdownFile.Rows(lines, head).Select(static row => row[0].Trim('`'));

    private static IEnumerable<string> Constants(Type type) => type.GetFields(BindingFlags.Static | BindingFlags.Public).Select(static field => (string)field.GetRawConstantValue()!);

    /// <summary>The paragraph, from there on.</summary>
    [GeneratedRegex(@"Exit codes?: (?:.+\n?)+")]
    private static partial Regex ExitCodes();

    [GeneratedRegex("(?<=[:;] )[0-9](?= )")]
    private static partial Regex Digit();

    [GeneratedRegex("\"(?<name>\\w+)\":")]
    private static partial Regex ToldField();

    [GeneratedRegex("""(?:new SnippetFinding\(\s*|const string Name = )"(?<name>[a-z-]+)"[,;]""")]
    private static partial Regex CheckName();
}
