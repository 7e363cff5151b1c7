using System.Globalization;
using System.Reflection;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Health;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Telemetry;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>What scripts, unit files and dashboards of operators rely on stays as it is from version to version: what goes, or gets another name, breaks them.</summary>
internal sealed class PublicSurfaceTests
{
    private const string Stored = "tests/KamRpcDispatcher.Tests/Documents/public-surface.txt";

    /// <summary>What is written for programs, and into etcd, by the classes that write it.</summary>
    private static readonly (string What, string[] Classes)[] Written =
    [
        ("status", ["StatusJson", "ReportJson", "IntentJson", "StatusClaims", "StatusShares", "SharedCalls", "ShareJson"]), ("explain", ["ExplainCommand", "MemberExplanation", "IntentJson"]), ("list", ["KamailioListing"]), ("doctor", ["DoctorJson"]),
        ("cfg", ["CfgReport"]), ("confirm", ["ConfirmAnswer"]), ("drain", ["OperatorAnswer", "ForecastAnswer"]), ("error", ["ErrorAnswer"]), ("health", ["HealthVerdict"]), ("local", ["StatusAnswer", "WholeAnswer"]), ("dispatch", ["DryRunAnswer"]), ("split", ["SplitAnswer", "SharesRun", "SharedCalls"]), ("apply", ["ApplyAnswer"]), ("history", ["HistoryAnswer"]), ("prune", ["PruneAnswer"]), ("rollout", ["RolloutAnswer", "RolloutPlanAnswer"]), ("rollouts", ["RolloutRecord", "RollingRecord"]), ("runner", ["RolloutView"]), ("change", ["HistoryRecord"]), ("member", ["MemberRecord"]), ("intent", ["IntentRecord", "RecordFields"]), ("calls", ["CallCountRecord"]), ("proxy", ["ReportWriter", "ReportHead", "ShareFields", "DialogFields"]),
    ];

    [Test]
    public void Nothing_that_others_rely_on_goes_and_what_comes_is_written_down()
    {
        var stored = File.ReadAllLines(Path.Combine(RealServers.RepositoryRoot, Stored));
        string[] now = [.. Surface().Distinct().Order(StringComparer.Ordinal)];

        Assert.That(stored.Except(now), Is.Empty, $"what is gone: it breaks whoever relies on it; if that is meant, take it out of {Stored}, and say so to operators");
        Assert.That(now.Except(stored), Is.Empty, $"what is new: write it into {Stored}");
        Assert.That(stored, Is.EqualTo(now), "in its order, each once");
    }

    private static IEnumerable<string> Surface()
    {
        foreach (var command in new CommandLine().Root.Subcommands)
        {
            foreach (var option in command.Options)
            {
                yield return $"option {command.Name} {string.Join(' ', option.Aliases.Append(option.Name).Order(StringComparer.Ordinal))}";
            }
        }

        foreach (var (_, message) in LogEventsTests.Events)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"event {message.EventId:0000}");
        }

        foreach (var code in typeof(ExitCode).GetFields(BindingFlags.Static | BindingFlags.Public))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"exit {code.GetRawConstantValue()}");
        }

        foreach (var word in FindingCode.All.Select(static code => "finding " + code).Concat(Checkup.CheckNames.Select(static check => "check " + check)).Concat(Words(typeof(TroubleKind), "trouble")).Concat(Words(typeof(DeviationKind), "deviation")).Concat(Words(typeof(HealthReason), "health")))
        {
            yield return word;
        }

        foreach (var metric in MarkdownFile.Rows(MarkdownFile.Reference.Section("## Metrics and health over HTTP"), MetricsReferenceTests.Head))
        {
            yield return "metric " + metric[0].Trim('`');
        }

        yield return "key " + new EtcdKeys("CLUSTER").Members;
        yield return "key " + new EtcdKeys("CLUSTER").Intents;
        yield return "key " + new EtcdKeys("CLUSTER").Calls;
        yield return "key " + new EtcdKeys("CLUSTER").History;
        yield return "key " + new EtcdKeys("CLUSTER").ProxyIntents;
        yield return "key " + new EtcdKeys("CLUSTER").Proxies;
        foreach (var (what, classes) in Written)
        {
            foreach (var field in JsonFields.WrittenBy(classes))
            {
                yield return $"field {what} {field}";
            }
        }
    }

    private static IEnumerable<string> Words(Type type, string what) => type.GetFields(BindingFlags.Static | BindingFlags.Public).Select(field => $"{what} {field.GetRawConstantValue()}");
}
