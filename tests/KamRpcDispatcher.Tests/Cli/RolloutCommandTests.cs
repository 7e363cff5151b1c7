using System.Text;
using System.Text.Json;
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
    [TestCase("rolling 1", "rollout rolling needs --exec, such as: kamrpc rollout rolling 1 --exec")]
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

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync(["rollout", .. arguments, "--etcd", _etcd.Endpoint]);
}
