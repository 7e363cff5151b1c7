using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operate.Rollouts;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>A rollout does not end without a proxy that has had a step of it: its Kamailio may go on by that.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RolloutMissingProxyTests : IAsyncDisposable
{
    private const string Key = "/kamrpc/default/rollouts/1";
    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.Model.Put("/kamrpc/default/members/1/a", """{"uri":"sip:10.0.0.1","labels":{"version":"v1"}}""", lease: 7);
        _etcd.Model.Put("/kamrpc/default/members/1/b", """{"uri":"sip:10.0.0.2","labels":{"version":"v2"}}""", lease: 7);
    }

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? default;

    [Test]
    public async Task Its_last_step_is_not_done_while_one_that_had_a_step_does_not_report_and_force_lets_that_go()
    {
        At(step: 3, """{"v1":0,"v2":100}""");
        var (exitCode, output, errors) = await RunAsync("promote", "1", "--timeout", "1s");

        Assert.That((exitCode, output), Is.EqualTo((4, string.Empty)), errors);
        Assert.That(errors, Does.Contain("refused: not every proxy has step 4 of 4, version=v2 100%: missing p2 (had step 3 and does not report any more: its Kamailio may still route by it); one that was retired is let go by --force"));
        Assert.That(_etcd.Model.Value(Key), Does.Contain("paused"), "it stays where it is");
        (exitCode, _, errors) = await RunAsync("promote", "1", "--full", "--dry-run");
        Assert.That((exitCode, errors.Contains("missing p2", StringComparison.Ordinal)), Is.EqualTo((4, true)), errors);

        At(step: 3, """{"v1":0,"v2":100}""");
        (exitCode, output, errors) = await RunAsync("promote", "1", "--timeout", "1s", "--force");
        Assert.That((exitCode, output.Contains("1 of 1", StringComparison.Ordinal)), Is.EqualTo((0, true)), output + errors);
        Assert.That(errors, Is.EqualTo("kamrpc: warning: it is not waited for p2, which had step 3 and does not report any more: its Kamailio may still route by it\n"));
        Assert.That(_etcd.Model.Value(Key), Does.Contain("\"proxies\":{\"p1\":3}"));
    }

    [Test]
    public async Task It_pauses_where_it_is_and_its_status_counts_who_is_missing()
    {
        At(step: 1, """{"v1":75,"v2":25}""");
        var (exitCode, _, errors) = await RunAsync("resume", "1", "--timeout", "1s");

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Does.Contain("paused at step 2 of 4, version=v2 25% (not applied by every proxy within 1s: missing p2 (had step 2 and does not report any more: its Kamailio may still route by it)"));
        var (_, output, _) = await RunAsync("status", "1", "-o", "json");
        var rollout = JsonElement.Parse(output).GetProperty("rollouts")[0];
        Assert.That((rollout.GetProperty("phase").GetString(), rollout.GetProperty("applied").GetBoolean()), Is.EqualTo(("paused", false)));
        Assert.That(rollout.GetProperty("proxies").EnumerateArray().Select(static proxy => $"{proxy.GetProperty("name").GetString()} {proxy.GetProperty("applied").GetBoolean()}"), Is.EqualTo(new[] { "p1 True", "p2 False" }));
    }

    [Test]
    public async Task Who_reports_when_it_begins_is_waited_for_from_then_on()
    {
        Report("p1", 1);
        var begun = await RunAsync("canary", "1", "--label", "version", "--to", "v2", "--timeout", "1s");
        Assert.That((begun.ExitCode, _etcd.Model.Value(Key)!.Contains("\"proxies\":{\"p1\":0}", StringComparison.Ordinal)), Is.EqualTo((1, true)), begun.Errors);

        _etcd.Model.Delete("/kamrpc/default/proxies/p1");
        var (exitCode, _, errors) = await RunAsync("resume", "1", "--timeout", "1s");

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Does.Contain("missing p1 (reported during this rollout and does not any more: its Kamailio may route as it did then)"));
    }

    [Test]
    public async Task The_last_step_is_not_done_either_while_a_proxy_does_not_reach_its_Kamailio()
    {
        At(step: 3, """{"v1":0,"v2":100}""", revision => Report("p2", revision, ""","contact":{"answers":false,"since":"2026-01-31T12:00:00Z","reason":"there is no such socket"}"""));

        var (exitCode, output, errors) = await RunAsync("promote", "1", "--timeout", "1s");

        Assert.That((exitCode, output), Is.EqualTo((4, string.Empty)), errors);
        Assert.That(errors, Does.Contain("refused: not every proxy has step 4 of 4, version=v2 100%: missing p2 (does not reach its Kamailio: there is no such socket)"));

        (exitCode, output, errors) = await RunAsync("promote", "1", "--timeout", "1s", "--force");
        Assert.That((exitCode, errors.Contains("written, and not applied by every proxy within 1s: missing p2 (does not reach its Kamailio: there is no such socket)", StringComparison.Ordinal)), Is.EqualTo((1, true)), output + errors);
        (exitCode, output, _) = await RunAsync("status", "1");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.Match("done .* 1 of 2 .*NOT APPLIED: missing p2 \\(does not reach its Kamailio"), "who looks later is told too");
    }

    /// <summary>It is paused there; p1 has its step, and p2 had.</summary>
    private void At(int step, string shares, Action<long>? more = null)
    {
        var revision = _etcd.Model.Put("/kamrpc/default/splits/1", $$"""{"label":"version","shares":{{shares}}}""");
        var proxies = new[] { "p1", "p2" }.ToImmutableSortedDictionary(static name => name, _ => step == 3 ? 3 : step + 1, StringComparer.Ordinal);
        _etcd.Model.Put(Key, Encoding.UTF8.GetString(RolloutRecord.Write(CanaryRollout.Of(RolloutPhase.Paused, step) with { Proxies = proxies })));
        Report("p1", revision);
        more?.Invoke(revision);
    }

    private void Report(string name, long revision, string more = "") => _etcd.Model.Put(
        "/kamrpc/default/proxies/" + name,
        $$$"""{"revision":{{{revision}}},"appliedAt":"2026-01-31T12:00:00Z","writtenAt":"{{{DateTimeOffset.UtcNow.UtcDateTime:O}}}","kamailio":"5.6","drift":0,"applies":["members","intents","splits"],"splits":{"revision":{{{revision}}},"table":true},"sets":{"1":{"destinations":2,"routable":2,"wanted":2,"serving":2}}{{{more}}} }""",
        lease: 7);

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync(["rollout", .. arguments, "--etcd", _etcd.Endpoint], [("COLUMNS", "500")]);
}
