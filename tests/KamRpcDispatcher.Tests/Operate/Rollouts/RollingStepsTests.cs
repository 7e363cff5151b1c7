using System.Text;
using Etcdserverpb;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Operate.Rollouts.Running;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate.Rollouts;

/// <summary>What a rolling restart writes, in an etcd that is made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RollingStepsTests : IAsyncDisposable
{
    private static readonly EtcdKeys Keys = new("c");

    private readonly List<string> _told = [];
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private RolloutStore _rollouts = null!;
    private RolloutApplied _applied = null!;
    private RolloutPatience _patience = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _store = _etcd.Connect();
        _rollouts = new RolloutStore(_store, Keys, TimeProvider.System);
        _applied = new RolloutApplied(_store, Keys, TimeProvider.System, NullLogger.Instance) { Timeout = TimeSpan.FromSeconds(1) };
        _patience = new RolloutPatience(_told.Add, TimeProvider.System);
        _etcd.Model.Put("/kamrpc/c/members/1/a", """{"uri":"sip:10.0.0.1"}""", lease: 7);
        _etcd.Model.Put("/kamrpc/c/members/1/b", """{"uri":"sip:10.0.0.2"}""", lease: 7);
    }

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task That_one_is_back_is_written_before_the_next_is_waited_for()
    {
        Assert.That(await StepAsync(Resumed()), Is.Null);

        var restart = (await _rollouts.ReadAsync(1, CancellationToken.None)).Rollout!.Restart!;
        Assert.That((RollingText.Of(restart), restart.Members[0].Stage), Is.EqualTo(("1 of 2 restarted", RollingStage.Done)));
        Assert.That(_told.Single(), Is.EqualTo("a back: 1 of 2 restarted"));
    }

    [Test]
    public async Task Nobody_is_back_while_a_proxy_that_has_reported_does_not_any_more()
    {
        var end = await StepAsync(Resumed() with { Proxies = Rollout.NoProxies.Add("p2", 0) });

        Assert.That((end!.Value.What, end.Value.Text), Is.EqualTo((RolloutEvent.Blocked, "not in rotation again within 0s: a (p2 reported during this rollout and does not any more: its Kamailio may route as it did then)")));
    }

    [Test]
    public async Task Nobody_is_drained_either_then()
    {
        var rollout = Resumed() with { Proxies = Rollout.NoProxies.Add("p2", 0) };
        var end = await StepAsync(rollout with { Restart = rollout.Restart!.With(["a"], RollingStage.Waiting) });

        Assert.That((end!.Value.What, end.Value.Text), Is.EqualTo((RolloutEvent.Blocked, "not safe to drain within 0s: a (p2 reported during this rollout and does not any more: its Kamailio may route as it did then); one that was retired is let go by --force")));
        Assert.That(_etcd.Model.Value(Keys.Intent(new MemberKey(1, "a"))), Is.Null);
    }

    [Test]
    public async Task Where_the_counts_may_not_be_read_the_time_that_was_given_goes_and_without_one_nothing_does()
    {
        _etcd.Before = static (request, _) => request is RangeRequest range && range.Key.ToStringUtf8().Contains("/calls/", StringComparison.Ordinal) ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied")) : Task.CompletedTask;
        var idle = new RollingIdle(_applied, _patience, TimeProvider.System);

        Assert.That(await idle.WaitAsync([new MemberKey(1, "a")], TimeSpan.Zero, CancellationToken.None), Is.Null);
        Assert.That(_told.Single(), Is.EqualTo("leaves a drained for 0s: etcd does not let the counts of calls be read"));
        Assert.That(() => idle.WaitAsync([new MemberKey(1, "a")], null, CancellationToken.None), Throws.InstanceOf<EtcdUnreachableException>());
    }

    private static Rollout Resumed() => new(1, "1f", RolloutKind.Rolling, string.Empty, string.Empty)
    {
        Since = Views.Now, By = "ops@host",
        Restart = new RollingRestart("true", 1) { ReadyTimeout = TimeSpan.Zero, Members = [new RollingMember("a", "sip:10.0.0.1", RollingStage.Resumed), new RollingMember("b", "sip:10.0.0.2", RollingStage.Waiting)] },
    };

    private async Task<(RolloutEvent What, string? Text)?> StepAsync(Rollout rollout)
    {
        _etcd.Model.Put(Keys.Rollout(1), Encoding.UTF8.GetString(RolloutRecord.Write(rollout)));
        await using var key = await RolloutRunnerKey.TakeAsync(_store, Keys, 1, "ops@host", TimeProvider.System, CancellationToken.None) ?? throw new AssertionException("somebody runs it");
        var store = new RollingStore(_rollouts, _applied, key, _patience, TimeProvider.System, "ops@host");
        var steps = new RollingSteps(store, new OperatorViewReader(_store, Keys, TimeProvider.System), _applied, _patience, TimeProvider.System);
        return await steps.StepAsync(await _rollouts.ReadAsync(1, CancellationToken.None), CancellationToken.None, CancellationToken.None);
    }
}
