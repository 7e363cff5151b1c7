using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Leases;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>One lease, by the clock.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class EtcdLeaseTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
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

    [TestCase(2)]
    [TestCase(3)]
    [TestCase(5)]
    [TestCase(10)]
    [TestCase(60)]
    public async Task After_two_renewals_without_an_answer_there_is_time_for_a_third(int seconds)
    {
        var ttl = TimeSpan.FromSeconds(seconds);
        var lease = new EtcdLease(_store, ttl, _time);
        await lease.EnsureAsync(CancellationToken.None);

        var due = lease.UntilRenewal;
        var pause = LongestPause(lease);
        var third = due + (2 * (lease.Patience + pause));

        Assert.That(third, Is.LessThan(ttl * 0.9), $"due after {due}, {lease.Patience} each, and up to {pause} in between");
    }

    [Test]
    public async Task Once_it_has_ended_etcd_is_asked_no_more_often_than_by_others()
    {
        var ttl = TimeSpan.FromSeconds(2);
        var lease = new EtcdLease(_store, ttl, _time);
        Assert.That(LongestPause(lease), Is.GreaterThan(EtcdCall.RetryDelay), "before there is one");
        await lease.EnsureAsync(CancellationToken.None);
        Assert.That(LongestPause(lease), Is.LessThan(EtcdCall.RetryDelay), "while it lives");

        _time.Advance(ttl);

        Assert.That(LongestPause(lease), Is.GreaterThan(EtcdCall.RetryDelay), "after its end");
    }

    /// <summary>Each is of another length.</summary>
    private static TimeSpan LongestPause(EtcdLease lease) => Enumerable.Range(0, 1000).Max(_ => lease.RetryPause);
}
