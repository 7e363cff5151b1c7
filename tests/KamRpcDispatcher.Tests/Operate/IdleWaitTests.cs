using System.Collections.Concurrent;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>Waiting for the end of calls, over a real connection; the clock is the test's.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class IdleWaitTests : IAsyncDisposable
{
    private const string Key = "/kamrpc/c/calls/1/a";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly MemberKey[] A = [new(1, "a")];

    private readonly ConcurrentQueue<IdleState> _seen = [];
    private readonly ObservedTime _time = new();
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
    public async Task It_ends_when_no_calls_have_been_up_for_a_moment()
    {
        await using var wait = await OpenAsync();
        using var patience = new CancellationTokenSource();
        var waiting = wait.UntilIdleAsync(A, _seen.Enqueue, patience.Token);
        await SeenAsync(static member => member.IsUncounted);
        _etcd.Model.Put(Key, """{"calls":2}""", lease: 7);
        await SeenAsync(static member => member.Count?.Calls == 2);
        _etcd.Model.Put(Key, """{"calls":0}""", lease: 7);
        await SeenAsync(static member => member.Count?.Calls == 0);
        Assert.That(waiting.IsCompleted, Is.False);

        _time.Advance(CallCounts.Settling);
        _etcd.Model.Put(Key, """{"calls":0,"channels":0}""", lease: 7);

        Assert.That((await waiting.WaitAsync(Deadline)).IsIdle, Is.True);
    }

    [Test]
    public async Task Whoever_gives_up_learns_that_and_may_ask_how_it_is()
    {
        await using var wait = await OpenAsync();
        _etcd.Model.Put(Key, """{"calls":2}""", lease: 7);
        using var patience = new CancellationTokenSource();
        var waiting = wait.UntilIdleAsync(A, _seen.Enqueue, patience.Token);
        await SeenAsync(static member => member.Count?.Calls == 2);

        await patience.CancelAsync();

        Assert.That(() => waiting.WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(wait.StateOf(A).Members.Single().Count?.Calls, Is.EqualTo(2));
    }

    [Test]
    public async Task That_a_count_becomes_old_is_seen_though_nothing_comes()
    {
        await using var wait = await OpenAsync();
        using var patience = new CancellationTokenSource();
        var waiting = wait.UntilIdleAsync(A, _seen.Enqueue, patience.Token);
        await SeenAsync(static member => member is { Count.Calls: 2, Unknown: null }, meanwhile: () => _etcd.Model.Put(Key, """{"calls":2}""", lease: 7));

        await SeenAsync(static member => member.Unknown == "its last count is old: 2 calls", meanwhile: () => _time.Advance(TimeSpan.FromSeconds(1)));
        await patience.CancelAsync();
        Assert.That(() => waiting.WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void Whoever_may_not_read_the_counts_is_told_before_anything_is_done()
    {
        _etcd.Before = static (_, _) => throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"));

        Assert.That(OpenAsync, Throws.TypeOf<EtcdUnreachableException>().With.Message.Contains("refuses (permission denied"));
    }

    private Task<IdleWait> OpenAsync() => IdleWait.OpenAsync(_store, new EtcdKeys("c"), _time, NullLogger.Instance, CancellationToken.None);

    /// <param name="condition">What is to be seen.</param>
    /// <param name="meanwhile">Done again and again until then.</param>
    private async Task SeenAsync(Func<IdleMember, bool> condition, Action? meanwhile = null)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!_seen.Any(state => condition(state.Members.Single())))
        {
            meanwhile?.Invoke();
            await Task.Delay(5, deadline.Token);
        }
    }
}
