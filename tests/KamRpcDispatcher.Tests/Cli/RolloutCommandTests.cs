using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Etcdserverpb;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc rollout</c> as a hurried operator calls it, with an etcd that is made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RolloutCommandTests : IAsyncDisposable
{
    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.Model.Put("/kamrpc/default/members/1/a", """{"uri":"sip:10.0.0.1","labels":{"version":"v1"}}""", lease: 7);
        _etcd.Model.Put("/kamrpc/default/members/1/b", """{"uri":"sip:10.0.0.2","labels":{"version":"v2"}}""", lease: 7);
    }

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? default;

    [TestCase("", "rollout needs ACTION, such as: kamrpc rollout canary 1")]
    [TestCase("forward 1", "'forward' is not canary, bluegreen, rolling, status, pause, resume, promote, abort or undo")]
    [TestCase("abort", "rollout abort needs SET, such as: kamrpc rollout abort 1")]
    [TestCase("bluegreen 1 --to green", "rollout bluegreen needs --label, such as: kamrpc rollout bluegreen 1 --label colour")]
    [TestCase("canary 1 --label version --to v9", "no member of set 1 has version=v9; ")]
    [TestCase("canary 1 --label version --to v2 --gate ./no-such-check.sh", "--gate: /bin/sh finds no command './no-such-check.sh' here")]
    [TestCase("canary 1 --label version --to v2 --gate no-such-check;true", "--gate: /bin/sh finds no command 'no-such-check' here")]
    [TestCase("rolling 1 --exec /etc/passwd", "--exec: /bin/sh finds no command '/etc/passwd' here")]
    [TestCase("resume 1 --on-pause stay", "--on-pause: 'stay' is not exit or wait")]
    [TestCase("rolling 1", "rollout rolling needs --exec, such as: kamrpc rollout rolling 1 --drain-time 10m --exec")]
    public async Task What_is_wrong_is_told_in_one_line_and_nothing_is_written(string line, string error)
    {
        var (exitCode, output, errors) = await RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)), errors);
        Assert.That(errors, Does.StartWith("kamrpc: " + error));
        Assert.That(errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(2), "beside it where to read on, or that nothing was written");
        Assert.That((_etcd.Model.Value("/kamrpc/default/rollouts/1"), _etcd.Model.Value("/kamrpc/default/splits/1")), Is.EqualTo(((string?)null, (string?)null)));
    }

    [TestCase("exit 0")]
    [TestCase("A=1 ./no-such-check.sh")]
    [TestCase("/bin/true --with arguments")]
    [TestCase("[ 1 = 1 ]")]
    public async Task A_gate_that_the_shell_may_well_run_is_none_of_that(string gate)
    {
        var (exitCode, _, errors) = await RunAsync("canary", "1", "--label", "version", "--to", "v2", "--gate", gate, "--dry-run");

        Assert.That(exitCode, Is.EqualTo(5), errors);
    }

    [Test]
    public async Task Whom_an_operator_has_resumed_is_not_said_to_be_drained_by_the_rollout()
    {
        var restart = new RollingRestart("true", 1) { Members = [new RollingMember("a", "sip:10.0.0.1", RollingStage.Drained), new RollingMember("b", "sip:10.0.0.2", RollingStage.Waiting)] };
        var rollout = new Rollout(1, "1f", RolloutKind.Rolling, string.Empty, string.Empty) { Restart = restart, Phase = RolloutPhase.Paused, Since = DateTimeOffset.UtcNow, Message = "not idle; the drain stays", By = "ops@h1" };
        _etcd.Model.Put("/kamrpc/default/rollouts/1", Encoding.UTF8.GetString(RolloutRecord.Write(rollout)));
        _etcd.Model.Put("/kamrpc/default/intents/1/a", """{"drain":true,"by":"ops@h1","reason":"kamrpc rollout rolling 1, 1f"}""");
        Assert.That(await StatusAsync(), Does.Contain("0 of 2 restarted, drained by it: a").And.Not.Contain("any more"));
        Assert.That(await DrainedAsync(), Is.EqualTo("true false"));

        _etcd.Model.Delete("/kamrpc/default/intents/1/a");
        Assert.That(await StatusAsync(), Does.Contain("0 of 2 restarted, NOT drained by it any more: a").And.Contain("not idle; the drain stays (before somebody else resumed or drained a)"));
        Assert.That(await DrainedAsync(), Is.EqualTo("false false"));

        async Task<string> StatusAsync() => string.Join(' ', (await Kamrpc.RunAsync(["rollout", "status", "1", "--etcd", _etcd.Endpoint], [("COLUMNS", "500")])).Output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));

        async Task<string> DrainedAsync() => string.Join(' ', JsonElement.Parse((await RunAsync("status", "1", "-o", "json")).Output).GetProperty("rollouts")[0].GetProperty("members").EnumerateArray().Select(static member => member.GetProperty("drained").GetRawText()));
    }

    [Test]
    public async Task A_split_that_cannot_be_read_or_has_gone_is_told_once_and_as_it_is()
    {
        _etcd.Model.Put("/kamrpc/default/rollouts/1", Encoding.UTF8.GetString(RolloutRecord.Write(new Rollout(1, "1f", RolloutKind.Canary, "version", "v2") { Steps = [100, 1000], Others = ImmutableSortedDictionary<string, int>.Empty.Add("v1", 1000), Phase = RolloutPhase.Paused, Since = DateTimeOffset.UtcNow, By = "ops@h1" })));
        Assert.That(await StatusAsync("1"), Does.EndWith("NOBODY none").And.Not.Contain("no split"));

        _etcd.Model.Put("/kamrpc/default/splits/1", "garbage");
        Assert.That(await StatusAsync("1"), Does.Contain("not known").And.Contain("proxies go on by the last one that they could read").And.Not.Contain("no split"));
        Assert.That(await StatusAsync("9"), Is.EqualTo("Set 9 has no rollout; one is of set 1."));

        async Task<string> StatusAsync(string set) => string.Join(' ', (await Kamrpc.RunAsync(["rollout", "status", set, "--etcd", _etcd.Endpoint], [("COLUMNS", "500")])).Output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
    }

    [TestCase("abort 1", "Set 1: its canary rollout, paused at step 1 of 2, version=v2 10%, would be aborted; shares: no split, now: v1 90%, v2 10%. Nothing is written: a dry run.")]
    [TestCase("promote 1 --full", "Set 1: its canary rollout, paused at step 1 of 2, version=v2 10%, would be done at step 2 of 2, version=v2 100%; shares: v1 0%, v2 100%, now: v1 90%, v2 10%. Nothing is written: a dry run.")]
    public async Task What_would_become_of_one_is_told_and_nothing_is_written(string line, string said)
    {
        _etcd.Model.Put("/kamrpc/default/splits/1", """{"label":"version","shares":{"v1":90,"v2":10}}""");
        _etcd.Model.Put("/kamrpc/default/rollouts/1", Encoding.UTF8.GetString(RolloutRecord.Write(new Rollout(1, "1f", RolloutKind.Canary, "version", "v2") { Steps = [100, 1000], Others = ImmutableSortedDictionary<string, int>.Empty.Add("v1", 1000), Phase = RolloutPhase.Paused, Since = DateTimeOffset.UtcNow, By = "ops@h1" })));
        var before = _etcd.Model.Value("/kamrpc/default/rollouts/1");

        var (exitCode, output, errors) = await RunAsync([.. line.Split(' '), "--dry-run", "--force"]);
        Assert.That((exitCode, output.ReplaceLineEndings(" ").Trim()), Is.EqualTo((5, said)), errors);
        Assert.That(_etcd.Model.Value("/kamrpc/default/rollouts/1"), Is.EqualTo(before));
    }

    /// <summary>Who has set it for all commands does not have this one written.</summary>
    [Test]
    public async Task A_dry_run_may_be_asked_for_by_the_variable_of_all_commands()
    {
        var (exitCode, _, errors) = await Kamrpc.RunAsync(["rollout", "canary", "1", "--label", "version", "--to", "v2", "--etcd", _etcd.Endpoint], [("KAMRPC_DRY_RUN", "1")]);

        Assert.That((exitCode, _etcd.Model.Value("/kamrpc/default/rollouts/1")), Is.EqualTo((5, (string?)null)), errors);
    }

    [TestCase("canary 1 --label version --to v2")]
    [TestCase("abort 1")]
    [TestCase("resume 1")]
    public async Task One_that_cannot_be_read_is_refused_alike(string line)
    {
        _etcd.Model.Put("/kamrpc/default/rollouts/1", "{\"id\":");
        var (exitCode, _, errors) = await RunAsync(line.Split(' '));

        Assert.That(exitCode, Is.EqualTo(4), errors);
        Assert.That(errors, Does.StartWith("kamrpc: refused: the rollout of set 1").And.Contain("it ends too early").And.EndWith("kamrpc: nothing was written\n"));
    }

    [Test]
    public async Task What_is_no_rollout_is_told_with_those_that_are()
    {
        _etcd.Model.Put("/kamrpc/default/rollouts/x", "{}");
        _etcd.Model.Put("/kamrpc/default/rollouts/1/y", "{}");
        _etcd.Model.Put("/kamrpc/default/rollouts/1/runner", "{}");
        var (exitCode, output, errors) = await RunAsync("status", "-o", "json");

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Is.EqualTo("kamrpc: /kamrpc/default/rollouts/1/y is no rollout: the key is not /kamrpc/default/rollouts/<set>: it is left alone\nkamrpc: /kamrpc/default/rollouts/x is no rollout: the key is not /kamrpc/default/rollouts/<set>: it is left alone\n"));
        Assert.That(JsonElement.Parse(output).GetProperty("rejected").GetArrayLength(), Is.EqualTo(2));
    }

    [Test]
    public async Task Too_few_are_refused_with_what_force_does()
    {
        var (exitCode, _, errors) = await RunAsync("rolling", "1", "--exec", "true", "--batch", "2");

        Assert.That(exitCode, Is.EqualTo(4));
        Assert.That(errors, Does.StartWith("kamrpc: refused: set 1 would be left with no ready member").And.EndWith("kamrpc: nothing was written; --force does it nevertheless\n").And.Not.Contains("refused: --force"));
    }

    [Test]
    public async Task Calls_that_nobody_is_to_count_are_refused_before()
    {
        var (exitCode, output, errors) = await RunAsync("rolling", "1", "--exec", "true", "--dry-run");
        Assert.That((exitCode, output, errors), Is.EqualTo((4, string.Empty, $"kamrpc: refused: {RollingText.Uncounted(["a", "b"])}\nkamrpc: nothing was written; --force does it nevertheless\n")));
        Assert.That((await RunAsync("rolling", "1", "--exec", "true")).ExitCode, Is.EqualTo(4));
        Assert.That(_etcd.Model.Value("/kamrpc/default/rollouts/1"), Is.Null);

        (exitCode, output, errors) = await RunAsync("rolling", "1", "--exec", "true", "--force", "--dry-run", "-o", "json");
        Assert.That((exitCode, errors), Is.EqualTo((5, $"kamrpc: warning: {RollingText.Uncounted(["a", "b"])}\n")));
        Assert.That(JsonElement.Parse(output).GetProperty("planned")[0].GetProperty("note").GetString(), Is.EqualTo(RollingText.Uncounted(["a", "b"])));

        (exitCode, output, errors) = await RunAsync("rolling", "1", "--exec", "true", "--drain-time", "1m", "--dry-run");
        Assert.That((exitCode, errors, output.Contains("--drain-time", StringComparison.Ordinal)), Is.EqualTo((5, string.Empty, false)));
        Assert.That(output, Does.Contain("no proxy reports that serves the set"));
    }

    [Test]
    public async Task That_nobody_runs_it_any_more_is_not_said_before_it_is_so()
    {
        const string Runner = "/kamrpc/default/rollouts/1/runner";
        _etcd.Model.Put("/kamrpc/default/proxies/p1", $$$"""{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","writtenAt":"{{{DateTimeOffset.UtcNow.UtcDateTime:O}}}","kamailio":"5.6","drift":0,"applies":["members","intents","splits"],"splits":{"revision":1,"table":true},"sets":{"1":{"destinations":2,"routable":2,"wanted":2,"serving":2}} }""", lease: 7);
        var isAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _etcd.Before = async (request, cancellationToken) =>
        {
            if (request is LeaseRevokeRequest && _etcd.Model.Value("/kamrpc/default/rollouts/1")!.Contains("paused", StringComparison.Ordinal))
            {
                isAsked.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
        };

        var start = new ProcessStartInfo("dotnet", [typeof(ExitCode).Assembly.Location, "rollout", "canary", "1", "--label", "version", "--to", "v2", "--force", "--etcd", _etcd.Endpoint]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            var told = new List<string>();
            while (!told.Exists(static line => line.Contains("waits for p1", StringComparison.Ordinal)))
            {
                told.Add(await process.StandardError.ReadLineAsync(deadline.Token) ?? throw new AssertionException(string.Join('\n', told)));
            }

            Assert.That(_etcd.Model.Value(Runner), Is.Not.Null);
            Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]).Dispose();
            await isAsked.Task.WaitAsync(deadline.Token);
            Assert.That(_etcd.Model.Value(Runner), Is.Not.Null, "it asks for that to go");
            process.Kill();

            Assert.That(await process.StandardError.ReadToEndAsync(deadline.Token) + await process.StandardOutput.ReadToEndAsync(deadline.Token), Does.Not.Contain("nobody runs it").And.Not.Contain("NOBODY"));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync(["rollout", .. arguments, "--etcd", _etcd.Endpoint]);
}
