using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>The loops that follow and keep keys in etcd go on after whatever is unexpected in them.</summary>
[Parallelizable]
public class EtcdLoopFaultTests
{
    private const string Key = "/kamrpc/default/members/1/a";

    [Test]
    public async Task A_watch_that_breaks_reads_all_anew_and_follows_on()
    {
        RealServers.Require("etcd", "etcdctl");
        await using var etcd = await EtcdServer.StartAsync();
        using var store = new EtcdConnection(Fleet.Endpoints(etcd), TimeProvider.System);
        var watch = new MembershipWatch(store, new EtcdKeys("default"), TimeProvider.System, NullLogger<MembershipWatch>.Instance);
        using var stop = new CancellationTokenSource();
        using var changes = new SemaphoreSlim(0);
        var faults = 3;
        var following = watch.RunAsync(Changed, stop.Token);

        await etcd.PutAsync(Key, """{"uri":"sip:10.0.0.1"}""");
        await UntilAsync(() => watch.Current?.Members.Count == 1);
        Interlocked.Exchange(ref faults, 2);
        await etcd.PutAsync(Key, """{"uri":"sip:10.0.0.2"}""");
        await UntilAsync(() => watch.Current!.Members.Single().Uri.Text == "sip:10.0.0.2" && Volatile.Read(ref faults) < 0);
        await etcd.DeleteAsync(Key);
        await UntilAsync(() => watch.Current!.Members.Count == 0);

        Assert.That(following.IsCompleted, Is.False);
        await stop.CancelAsync();
        Assert.That(() => following, Throws.InstanceOf<OperationCanceledException>());

        void Changed()
        {
            changes.Release();
            if (Interlocked.Decrement(ref faults) >= 0)
            {
                throw new InvalidOperationException("broken");
            }
        }

        async Task UntilAsync(Func<bool> condition)
        {
            while (!condition())
            {
                Assert.That(await changes.WaitAsync(Fleet.Deadline), "in time");
            }
        }
    }

    [Test]
    public async Task A_keeper_that_breaks_looks_again_and_goes_on_to_hold_and_to_withdraw()
    {
        RealServers.Require("etcd", "etcdctl");
        await using var etcd = await EtcdServer.StartAsync();
        await etcd.PutAsync(Key, "somebody else's", leaseSeconds: 600);
        using var store = new EtcdConnection(Fleet.Endpoints(etcd), TimeProvider.System);
        var keeper = new LeaseKeeper(store, TimeSpan.FromSeconds(5), TimeProvider.System, NullLogger.Instance);
        var faults = 0;
        var record = keeper.Add(Key, null, _ => ++faults <= 3 ? throw new InvalidOperationException("broken") : true);
        record.Update("ours"u8.ToArray());
        using var stop = new CancellationTokenSource();
        var holding = keeper.RunAsync(static _ => { }, stop.Token);

        await keeper.AnnouncedAsync(CancellationToken.None).WaitAsync(Fleet.Deadline);
        Assert.That(await etcd.GetAsync(Key), Is.EqualTo("ours"));
        Assert.That(faults, Is.EqualTo(4));

        await stop.CancelAsync();
        Assert.That(await holding.WaitAsync(Fleet.Deadline), Is.True);
        Assert.That(await etcd.GetAsync(Key), Is.Null);
    }
}
