using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>Waiting for the proxies, over a real connection.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class AppliedWaitTests : IAsyncDisposable
{
    private const string Proxies = "/kamrpc/c/proxies/";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<AppliedState> _seen = [];
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _store = _etcd.Connect();
    }

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task It_is_done_when_the_last_proxy_has_said_so()
    {
        Report("p1", 1);
        Report("p2", 1);
        await using var wait = await OpenAsync();
        var written = _etcd.Model.Put("/kamrpc/c/intents/1/a", "{}");
        var waiting = wait.UntilAppliedAsync(Drained(written), _seen.Enqueue, CancellationToken.None);
        Report("p1", written);
        await SeenAsync(static state => state.Proxies is [{ IsApplied: true }, { IsApplied: false, Missing: "has not applied it yet" }]);
        Assert.That(waiting.IsCompleted, Is.False);

        Report("p2", written);

        var done = await waiting.WaitAsync(Deadline);
        Assert.That(done.IsApplied, Is.True);
        Assert.That(done.Proxies.Select(static proxy => proxy.Name), Is.EqualTo(new[] { "p1", "p2" }));
    }

    [Test]
    public async Task An_answer_that_came_before_anybody_waited_for_it_is_not_missed()
    {
        Report("p1", 1);
        await using var wait = await OpenAsync();
        var written = _etcd.Model.Put("/kamrpc/c/intents/1/a", "{}");
        Report("p1", written);

        Assert.That((await wait.UntilAppliedAsync(Drained(written), _seen.Enqueue, CancellationToken.None).WaitAsync(Deadline)).IsApplied, Is.True);
    }

    [Test]
    public async Task Without_a_proxy_it_ends_at_once_and_nothing_is_applied()
    {
        await using var wait = await OpenAsync();

        var state = await wait.UntilAppliedAsync(Drained(5), _seen.Enqueue, CancellationToken.None).WaitAsync(Deadline);

        Assert.That((state.IsApplied, state.HasNobody), Is.EqualTo((false, true)));
    }

    [Test]
    public async Task A_proxy_whose_report_ends_meanwhile_is_missing_when_the_time_is_up()
    {
        Report("p1", 1);
        Report("p2", 1);
        await using var wait = await OpenAsync();
        var written = _etcd.Model.Put("/kamrpc/c/intents/1/a", "{}");
        using var patience = new CancellationTokenSource();
        var waiting = wait.UntilAppliedAsync(Drained(written), _seen.Enqueue, patience.Token);
        Report("p1", written);
        _etcd.Model.Delete(Proxies + "p2");
        await SeenAsync(static state => state.Proxies is [{ IsApplied: true }, { Missing: "its report has ended: its dispatcher was stopped, or does not reach etcd" }]);
        Assert.That(waiting.IsCompleted, Is.False);

        await patience.CancelAsync();

        Assert.That(() => waiting.WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(wait.StateOf(Drained(written)).IsApplied, Is.False);
    }

    [Test]
    public async Task A_watch_that_breaks_is_told_and_all_is_read_again()
    {
        Report("p1", 1);
        await using var wait = await OpenAsync();
        var written = _etcd.Model.Put("/kamrpc/c/intents/1/a", "{}");
        var waiting = wait.UntilAppliedAsync(Drained(written), _seen.Enqueue, CancellationToken.None);
        Report("p1", 2);
        await SeenAsync(static _ => true);
        var isBroken = true;
        _etcd.Before = (_, _) => Volatile.Read(ref isBroken) ? throw new RpcException(new Status(StatusCode.Unavailable, "away")) : Task.CompletedTask;
        _etcd.BreakWatches();
        await SeenAsync(static state => state.Outage is not null);

        Report("p1", written);
        Volatile.Write(ref isBroken, false);

        var done = await waiting.WaitAsync(Deadline);
        Assert.That((done.IsApplied, done.Outage), Is.EqualTo((true, (string?)null)));
    }

    private static AppliedTarget Drained(long revision) => new(IntentWish.Drain, revision, new HashSet<MemberKey> { new(1, "a") });

    private Task<AppliedWait> OpenAsync() => AppliedWait.OpenAsync(_store, new EtcdKeys("c"), TimeProvider.System, NullLogger.Instance, CancellationToken.None);

    private void Report(string name, long silenced) => _etcd.Model.Put(
        Proxies + name,
        string.Create(CultureInfo.InvariantCulture, $$$"""{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","writtenAt":"{{{DateTimeOffset.UtcNow.UtcDateTime:O}}}","kamailio":"5.6","drift":0,"sets":{},"applies":["members","intents"],"intents":{"revision":1,"silenced":{{{silenced}}}}}"""),
        lease: 7);

    private async Task SeenAsync(Func<AppliedState, bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!_seen.Any(condition))
        {
            await Task.Delay(5, deadline.Token);
        }
    }
}
