using KamailioRpc;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>A Kamailio that does not come back from a change, as 6.2 with ds_load_mode 1 does after one that it refused.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StuckWriterTests : IAsyncDisposable
{
    private const int Deadline = 10_000;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeMembership _membership = new();
    private readonly FakeReport _report = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeKamailio _kamailio = FakeKamailio.Start(new FakeKamailioOptions { LoadMode = 1, CountsReaders = true });
    private RpcClient? _client;
    private Task _running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (_client?.DisposeAsync() ?? default);
        await _kamailio.DisposeAsync();
        _stop.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void It_is_told_as_what_it_is_within_seconds_and_not_hammered()
    {
        Start();

        // The first is refused, and the second never returns.
        _membership.Set(1, Members.Of("a", uri: "sip:no-such-host.invalid:5060"), Members.Of("b", uri: "sip:10.0.0.2"));

        Assert.That(() => _report.Last?.Troubles.Any(static trouble => trouble.Kind == TroubleKind.Writer), Is.True.After(Deadline, 10));
        Assert.That(_kamailio.IsStuck);
        var asked = _kamailio.Requests.Count;

        // 25 ms and 100 ms are the pauses of a Kamailio that is only away.
        Assert.That(() => _kamailio.Requests.Count - asked, Is.LessThanOrEqualTo(1).After(1_500));
    }

    private void Start()
    {
        _client = new RpcClient(
            KamailioAddress.Parse(_kamailio.Address),
            new RpcClientOptions { ReplyDirectory = _folder.File("replies"), Timeout = TimeSpan.FromMilliseconds(250) });
        var calls = new HeartbeatClient(_client, new Heartbeat(TimeProvider.System), TimeSpan.FromMinutes(1));
        var dispatcher = new KamailioDispatcher(calls);
        var quarantine = new Quarantine(TimeProvider.System);
        var reconciler = new Reconciler(
            _membership,
            dispatcher,
            new PlanExecutor(dispatcher, new FixedGap(TimeSpan.FromMilliseconds(1), TimeProvider.System), quarantine, [], NullLogger<PlanExecutor>.Instance),
            quarantine,
            new PlanPolicy("c") { HasSentinel = true },
            new CycleLog(_report, quarantine, static () => default, TimeProvider.System, NullLogger<CycleLog>.Instance),
            new ReconcilerOptions(),
            new SentinelWatch(dispatcher, TimeSpan.FromMilliseconds(100), TimeProvider.System),
            static () => { },
            TimeProvider.System,
            new ForeignMemory("c", static _ => null, TimeProvider.System, NullLogger<ForeignMemory>.Instance));
        _running = reconciler.RunAsync(_stop.Token);
    }
}
