using System.Globalization;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Views;

namespace KamRpcDispatcher.Tests.Operate.Rollouts;

/// <summary>What the history says of when proxies had a step: the time of that change, whatever the runner does before and after.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RolloutAppliedTests : IAsyncDisposable
{
    private static readonly EtcdKeys Keys = new("c");

    private readonly FakeTimeProvider _time = new(Now);
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private HistoryStore _history = null!;
    private RolloutApplied _applied = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _store = _etcd.Connect();
        _history = new HistoryStore(_store, Keys, _time);
        _applied = new RolloutApplied(_store, Keys, _time, NullLogger.Instance)
        {
            Seen = state => _ = state.Proxies is [{ IsApplied: true }, { IsApplied: false }] && _seen.TrySetResult(),
        };
    }

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task What_no_proxy_has_to_apply_has_no_times_of_what_is_waited_for_next()
    {
        var ran = Write("rollout restarted");
        _applied.Note(ran);
        _time.Advance(TimeSpan.FromSeconds(2));
        var drained = Write("rollout drain");
        _applied.Note(drained);
        Report("p1", drained.Revision);
        Report("p2", drained.Revision);

        await _applied.WaitAsync(AppliedTarget.OfSplit(1, drained.Revision), CancellationToken.None);

        Assert.That(await TimesAsync(), Is.EqualTo(new Dictionary<string, string> { ["rollout restarted"] = "", ["rollout drain"] = "p1 0, p2 0" }));
    }

    [Test]
    public async Task A_wait_that_was_broken_off_and_taken_up_again_has_the_time_of_the_first()
    {
        var step = Write("rollout step");
        _applied.Note(step);
        Report("p1", step.Revision);
        Report("p2", step.Revision - 1);
        using var broken = new CancellationTokenSource();
        var waiting = _applied.WaitAsync(AppliedTarget.OfSplit(1, step.Revision), broken.Token);
        await _seen.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await broken.CancelAsync();
        Assert.That(() => waiting, Throws.InstanceOf<OperationCanceledException>());

        _time.Advance(TimeSpan.FromSeconds(39));
        Report("p1", step.Revision);
        Report("p2", step.Revision);
        await _applied.WaitAsync(AppliedTarget.OfSplit(1, step.Revision), CancellationToken.None);

        Assert.That(await TimesAsync(), Is.EqualTo(new Dictionary<string, string> { ["rollout step"] = "p2 39000, p1 0" }));
    }

    /// <summary>Writes the entry of a change, as it is written with one.</summary>
    private RecordedChange Write(string what)
    {
        var change = _history.Begin(new HistoryEntry(_time.GetUtcNow(), "ops@host", what).About([1], []));
        return change with { Revision = _etcd.Model.Put(change.Key, change.Put.RequestPut.Value.ToStringUtf8()) };
    }

    private async Task<Dictionary<string, string>> TimesAsync() => (await _history.ReadAsync(CancellationToken.None)).Entries.ToDictionary(
        static entry => entry.Entry.What,
        static entry => string.Join(", ", (entry.Entry.Acknowledged ?? []).Select(static time => string.Create(CultureInfo.InvariantCulture, $"{time.Proxy} {time.After.TotalMilliseconds}"))),
        StringComparer.Ordinal);

    private void Report(string name, long splits) => _etcd.Model.Put(
        Keys.Proxy(name),
        string.Create(CultureInfo.InvariantCulture, $$$"""{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","writtenAt":"{{{_time.GetUtcNow().UtcDateTime:O}}}","kamailio":"5.6","drift":0,"sets":{},"applies":["members","splits"],"splits":{"revision":{{{splits}}}}}"""),
        lease: 7);
}
