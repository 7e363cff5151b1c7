using System.Text;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operate.Rollouts;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc prune</c> as an operator calls it, with an etcd that is made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PruneCommandTests : IAsyncDisposable
{
    private const string Rollouts = "/kamrpc/default/rollouts/";

    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.Model.Put("/kamrpc/default/members/1/a", """{"uri":"sip:10.0.0.1"}""", lease: 7);
    }

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? default;

    [Test]
    public async Task A_rollout_goes_with_its_set_when_it_is_over()
    {
        foreach (var (set, phase) in new[] { (1, RolloutPhase.Done), (7, RolloutPhase.Done), (8, RolloutPhase.Paused) })
        {
            _etcd.Model.Put($"{Rollouts}{set}", Encoding.UTF8.GetString(RolloutRecord.Write(CanaryRollout.Of(phase))));
        }

        var (exitCode, output, errors) = await RunAsync("--yes");

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        Assert.That(output, Does.Match(@"rollout +7 +(- +)?canary, done, by ops@host +2026-01-31 +deleted").And.Match(@"rollout +8 +(- +)?canary, paused, by ops@host +2026-01-31 +kept: it is not over: 'kamrpc\s+rollout\s+abort\s+8'"));
        Assert.That((_etcd.Model.Value(Rollouts + "1") is null, _etcd.Model.Value(Rollouts + "7") is null, _etcd.Model.Value(Rollouts + "8") is null), Is.EqualTo((false, true, false)));
    }

    [Test]
    public async Task What_is_no_record_is_told_and_left()
    {
        string[] strangers = ["/kamrpc/default/intents/01/m5", "/kamrpc/default/intents/1/m4/x", "/kamrpc/default/splits/x", "/kamrpc/default/classes/x", "/kamrpc/default/calls/1", Rollouts + "1/y", Rollouts + "x"];
        foreach (var key in strangers)
        {
            _etcd.Model.Put(key, "{}");
        }

        var (exitCode, _, errors) = await RunAsync("--yes", "--older-than", "0s");

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Concat(strangers.Select(static key => $"kamrpc: warning: {key} is no key of kamrpc's, and is left\n")))));
        Assert.That(strangers.Select(_etcd.Model.Value), Is.All.Not.Null);
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] options) => Kamrpc.RunAsync(["prune", .. options, "--etcd", _etcd.Endpoint]);
}
