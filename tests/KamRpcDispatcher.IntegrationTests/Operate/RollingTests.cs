using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc rollout rolling</c> with a real etcd, Kamailio and dispatcher.</summary>
[Parallelizable]
public sealed class RollingTests
{
    private TemporaryFolder _folder = null!;
    private Fleet _fleet = null!;
    private string _log = null!;

    [SetUp]
    public async Task StartFleet()
    {
        _folder = new TemporaryFolder();
        _log = _folder.File("log");
        _fleet = await Fleet.StartAsync();
        foreach (var (name, host) in new[] { ("a", 1), ("b", 2), ("c", 3) })
        {
            await _fleet.PutUriAsync("1/" + name, UriOf(host));
        }

        await InRotationAsync(3);
        await _fleet.ReportedAsync(3);
    }

    [TearDown]
    public async Task StopFleet()
    {
        await (_fleet?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [Test]
    public async Task Each_is_drained_restarted_and_back_before_the_next_and_whom_an_operator_drained_is_left()
    {
        await _fleet.Etcd.PutAsync("/kamrpc/default/intents/1/b", """{"drain":true,"by":"eve@host"}""");
        await InRotationAsync(2);

        // The server goes, and comes back, as its announcer would tell.
        var put = $"etcdctl --endpoints {_fleet.Etcd.Endpoint} put /kamrpc/default/members/1/$KAMRPC_NAME";
        var (exitCode, output, errors) = await RunAsync("rolling", "1", "--drain-time", "0s", "-o", "json", "--exec", $$"""
            echo "$KAMRPC_NAME $KAMRPC_URI $KAMRPC_SET: $(etcdctl --endpoints {{_fleet.Etcd.Endpoint}} get --prefix --keys-only /kamrpc/default/intents/1/ | xargs)" >>{{_log}}
            {{put}} "{\"uri\":\"$KAMRPC_URI\",\"state\":\"down\"}" && sleep 0.5 && {{put}} "{\"uri\":\"$KAMRPC_URI\"}"
            """);

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(await File.ReadAllLinesAsync(_log), Is.EqualTo(new[]
        {
            $"a {UriOf(1)} 1: /kamrpc/default/intents/1/a /kamrpc/default/intents/1/b", $"c {UriOf(3)} 1: /kamrpc/default/intents/1/b /kamrpc/default/intents/1/c",
        }));
        Assert.That(errors, Does.Contain("b is skipped: drained by eve@host: that drain stays").And.Contain("a back: 1 of 3 restarted"));
        Assert.That((One(output).GetProperty("phase").GetString(), string.Join(' ', One(output).GetProperty("members").EnumerateArray().Select(static one => one.GetProperty("stage").GetString()))), Is.EqualTo(("done", "done skipped done")));
        Assert.That((await IntentAsync("a"), await IntentAsync("c")), Is.EqualTo(((string?)null, (string?)null)));
        Assert.That(await IntentAsync("b"), Does.Contain("eve@host"));
        await InRotationAsync(2);
        (exitCode, _, errors) = await RunAsync("undo", "1");
        Assert.That((exitCode, errors.Contains("cannot be un-restarted", StringComparison.Ordinal)), Is.EqualTo((4, true)), errors);
    }

    [Test]
    public async Task Calls_that_nobody_knows_are_not_taken_for_none()
    {
        var runner = Start("--force", "--exec", $"echo $KAMRPC_NAME >>{_log}");
        await runner.WaitForLineAsync("set 1: nobody knows whether calls are up on a (its announcer tells no count), and that is not taken for none: 'kamrpc rollout resume 1 --drain-time 60s' goes on", Fleet.Deadline);
        await runner.WaitForLineAsync("paused at 0 of 3 restarted, drained by it: a", Fleet.Deadline);
        Assert.That(File.Exists(_log), Is.False);
        Assert.That(await IntentAsync("a"), Does.Contain("kamrpc rollout rolling 1, "));

        Assert.That(await runner.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(1));
        Assert.That(runner.Output, Does.Contain("kamrpc: warning: nobody says that he counts the calls of a, b, c ("));

        var (exitCode, _, errors) = await RunAsync("promote", "1");
        Assert.That((exitCode, errors.Contains("--drain-time", StringComparison.Ordinal)), Is.EqualTo((4, true)), errors);
        (exitCode, _, errors) = await RunAsync("resume", "1", "--drain-time", "0s");

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(await File.ReadAllLinesAsync(_log), Is.EqualTo(new[] { "a", "b", "c" }));
        Assert.That(errors, Does.Contain("goes on after 0s, though nobody knows the calls of b"));
    }

    [Test]
    public async Task Who_was_killed_with_a_command_that_failed_is_taken_over()
    {
        var go = _folder.File("go");
        var runner = Start("--on-pause", "wait", "--drain-time", "0s", "--exec", $"[ -e {go} ] || {{ echo no disk >&2; exit 3; }}; echo $KAMRPC_NAME >>{_log}");
        await runner.WaitForLineAsync("(the command failed for a, exit code 3: no disk; it stays drained)", Fleet.Deadline);
        runner.Kill();
        await GoneAsync(_fleet.Keys.RolloutRunner(1));

        var (_, output, _) = await RunAsync("status", "1");
        Assert.That(output, Does.Contain("NOBODY").And.Contain("0 of 3 restarted, drained by it: a"));
        await File.WriteAllTextAsync(go, "");
        var (exitCode, _, errors) = await RunAsync("resume", "1");

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Contain("its command, which runs here: [ -e "));
        Assert.That(await File.ReadAllLinesAsync(_log), Is.EqualTo(new[] { "a", "b", "c" }));
        await InRotationAsync(3);
    }

    [Test]
    public async Task Who_is_not_announced_when_its_turn_comes_is_waited_for_then_paused_for_and_the_restart_is_not_done_without_it()
    {
        var runner = Start("--on-pause", "wait", "--drain-time", "0s", "--ready-timeout", "3s", "--exec", $"[ $KAMRPC_NAME != a ] || etcdctl --endpoints {_fleet.Etcd.Endpoint} del /kamrpc/default/members/1/b; echo $KAMRPC_NAME >>{_log}");
        await runner.WaitForLineAsync("waits until b is announced: b (not announced", Fleet.Deadline);
        await runner.WaitForLineAsync("paused at 1 of 3 restarted (not there within 3s: b (not announced)", Fleet.Deadline);
        Assert.That(await File.ReadAllLinesAsync(_log), Is.EqualTo(new[] { "a" }), "nobody is restarted meanwhile");

        var (exitCode, _, errors) = await RunAsync("resume", "1");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(await runner.Exited.WaitAsync(TimeSpan.FromMinutes(1)), Is.EqualTo(1), runner.Output);
        Assert.That(runner.Output, Does.Contain("b is skipped: it is not announced any more").And.Contain("done: 2 of 3 restarted, 1 skipped; NOT announced when their turn came: b"));
        Assert.That(await File.ReadAllLinesAsync(_log), Is.EqualTo(new[] { "a", "c" }));
    }

    [Test]
    public async Task Who_was_killed_between_drain_and_resume_is_aborted_from_elsewhere_and_leaves_nobody_drained()
    {
        var go = _folder.File("go");
        var runner = Start("--batch", "2", "--drain-time", "0s", "--exec", $"while [ ! -e {go} ]; do sleep 0.1; done");
        await runner.WaitForLineAsync("runs the command for a, b", Fleet.Deadline);
        await InRotationAsync(1);
        runner.Kill();
        await File.WriteAllTextAsync(go, "");
        await GoneAsync(_fleet.Keys.RolloutRunner(1));
        Assert.That((await RunAsync("status", "1")).ExitCode, Is.EqualTo(1), "nobody runs it");

        var (exitCode, output, errors) = await RunAsync("abort", "1", "-o", "json");

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That((One(output).GetProperty("phase").GetString(), One(output).GetProperty("applied").GetBoolean()), Is.EqualTo(("aborted", true)));
        Assert.That((await IntentAsync("a"), await IntentAsync("b")), Is.EqualTo(((string?)null, (string?)null)));
        await InRotationAsync(3);
    }

    [Test]
    public async Task Too_few_are_refused_and_a_dry_run_writes_nothing()
    {
        var (exitCode, _, errors) = await RunAsync("rolling", "1", "--exec", "true", "--batch", "3");
        Assert.That((exitCode, errors.Contains("refused: set 1 would be left with no ready member", StringComparison.Ordinal)), Is.EqualTo((4, true)), errors);

        (exitCode, var output, errors) = await RunAsync("rolling", "1", "--exec", "true", "--batch", "2", "--drain-time", "0s", "--dry-run", "-o", "json");

        Assert.That(exitCode, Is.EqualTo(5), errors);
        Assert.That(JsonElement.Parse(output).GetProperty("planned").EnumerateArray().Select(static step => step.GetProperty("members").GetArrayLength()), Is.EqualTo(new[] { 2, 1 }));
        Assert.That(await _fleet.Etcd.GetAsync(_fleet.Keys.Rollout(1)), Is.Null.Or.Empty);
    }

    private static string UriOf(int host) => FormattableString.Invariant($"sip:127.0.66.{host}:5060");

    private static JsonElement One(string output) => JsonElement.Parse(output).GetProperty("rollouts")[0];

    private ServerProcess Start(params string[] options) => _fleet.Start(["rollout", "rolling", "1", .. options, "--etcd", _fleet.Etcd.Endpoint]);

    private Task<long> InRotationAsync(int count) => _fleet.WaitForListAsync(list => list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A') == count);

    private Task<string?> IntentAsync(string name) => _fleet.Etcd.GetAsync("/kamrpc/default/intents/1/" + name);

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync(TimeSpan.FromMinutes(1), ["rollout", .. arguments, "--etcd", _fleet.Etcd.Endpoint]);

    private async Task GoneAsync(string key)
    {
        for (var begun = Stopwatch.GetTimestamp(); !string.IsNullOrEmpty(await _fleet.Etcd.GetAsync(key)); await Task.Delay(100))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline));
        }
    }
}
