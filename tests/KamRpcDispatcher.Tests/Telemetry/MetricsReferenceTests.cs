using System.Text;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Telemetry;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Telemetry;
using KamRpcDispatcher.Tests.Documents;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Telemetry;

/// <summary>The metrics in the reference are those that there are, with their types and labels.</summary>
public sealed partial class MetricsReferenceTests
{
    internal const string Head = "| metric | type | labels | of | meaning |";

    [Test]
    public async Task Every_metric_stands_with_its_type_and_labels_and_no_other()
    {
        var dispatcher = Rows(Dispatcher());
        var announcer = Rows(await AnnouncerAsync());
        var told = MarkdownFile.Rows(MarkdownFile.Reference.Section("## Metrics and health over HTTP"), Head);
        var wanted = dispatcher.Keys.Union(announcer.Keys).Order(StringComparer.Ordinal).Select(name =>
            $"{(dispatcher.GetValueOrDefault(name) ?? announcer[name])} | {string.Join(", ", new[] { dispatcher.ContainsKey(name) ? "dispatch" : null, announcer.ContainsKey(name) ? "announce" : null }.OfType<string>())}").ToList();

        Assert.That(wanted, Has.Count.GreaterThan(40));
        Assert.That(told.Select(static row => string.Join(" | ", row[..4])), Is.EqualTo(wanted));
        Assert.That(told.Where(static row => row[4].Length == 0), Is.Empty);
    }

    private static string Dispatcher()
    {
        using var rig = new TelemetryRig();
        rig.Observe([Members.Of("a", uri: "sip:10.0.0.1")], [TelemetryRig.Listed("sip:10.0.0.1")]);
        foreach (var record in (Action<TimeSpan>[])[rig.Pushes.ChangePushed, rig.Pushes.ChangeInForce, rig.Pushes.GraceEnded, time => rig.Pushes.Pushed(PushKind.Enable, PushResult.Done, time)])
        {
            record(TimeSpan.FromMilliseconds(1));
        }

        return rig.Read();
    }

    private static async Task<string> AnnouncerAsync()
    {
        using var metrics = new AnnouncerMetrics(
            new AnnouncerSources { Members = static () => [(new MemberKey(1, "a"), MemberState.Ready)], Occupied = static () => 0, IsStoreReachable = static () => true, LeaseAge = static () => TimeSpan.Zero },
            TimeProvider.System);
        using var text = new MetricsText(metrics.Meter, TimeProvider.System);
        await metrics.Metered(new Alive()).ProbeAsync(CancellationToken.None);
        return Encoding.UTF8.GetString(text.Read());
    }

    /// <summary>Each metric as a row begins with it.</summary>
    private static Dictionary<string, string> Rows(string text)
    {
        var lines = text.Split('\n');
        return lines.Where(static line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(static line => line.Split(' ')).ToDictionary(static words => words[2], words =>
        {
            var samples = lines.Where(line => Regex.IsMatch(line, $"^{words[2]}(_bucket|_sum|_count)?[{{ ]")).ToList();
            Assert.That(samples, Is.Not.Empty, $"{words[2]} has no value here, so that nobody sees its labels");
            var labels = samples.SelectMany(static line => Label().Matches(line)).Select(static label => label.Groups["name"].Value).Where(static name => name != "le").Distinct();
            return $"`{words[2]}` | {words[3]} | {string.Join(", ", labels.Select(static name => $"`{name}`"))}";
        });
    }

    [GeneratedRegex("""(?<=[{,])(?<name>[a-z]+)="(?:[^"\\]|\\.)*""")]
    private static partial Regex Label();

    private sealed class Alive : IProbe
    {
        public TimeSpan Timeout => TimeSpan.FromSeconds(1);

        public Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken) => Task.FromResult(new ProbeOutcome(ProbeVerdict.Alive, "200"));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
