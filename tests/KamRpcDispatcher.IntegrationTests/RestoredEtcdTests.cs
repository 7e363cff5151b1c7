using System.Collections.Immutable;
using System.Diagnostics;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>A real etcd that is restored from a backup, so that its revisions go back, and one that loses answers.</summary>
[Parallelizable]
public class RestoredEtcdTests
{
    private const string Prefix = "/kamrpc/default/members/1/";

    private TemporaryFolder _folder = null!;
    private EtcdServer _etcd = null!;

    [SetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl");
        _folder = new TemporaryFolder();
        _etcd = await EtcdServer.StartAsync();
    }

    [TearDown]
    public async Task StopEtcd()
    {
        await (_etcd?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [Test]
    public async Task After_a_restore_the_revision_of_a_new_value_is_the_one_that_the_store_gave_it()
    {
        using var store = new EtcdConnection(Fleet.Endpoints(_etcd), TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var keeper = new LeaseKeeper(store, TimeSpan.FromSeconds(5), TimeProvider.System, NullLogger.Instance);
        var record = keeper.Add(Prefix + "a", null, static _ => true);
        record.Update("first"u8.ToArray());
        var holding = keeper.RunAsync(static _ => { }, stop.Token);
        await keeper.AnnouncedAsync(CancellationToken.None).WaitAsync(Fleet.Deadline);
        await _etcd.SaveAsync(_folder.File("backup"));
        await AdvanceAsync(50);
        record.Update("second"u8.ToArray());
        var before = (await keeper.SettledAsync(CancellationToken.None).WaitAsync(Fleet.Deadline)).Revision;

        await _etcd.RestoreAsync(_folder.File("backup"));
        await UntilAsync(async () => await _etcd.GetAsync(Prefix + "a") == "second");
        record.Update("third"u8.ToArray());
        await UntilAsync(async () => await _etcd.GetAsync(Prefix + "a") == "third");
        var after = (await keeper.SettledAsync(CancellationToken.None).WaitAsync(Fleet.Deadline)).Revision;

        Assert.That(after, Is.LessThan(before).And.LessThanOrEqualTo(await _etcd.RevisionAsync()));
        await stop.CancelAsync();
        Assert.That(await holding.WaitAsync(Fleet.Deadline), Is.True);
    }

    [Test]
    public async Task After_a_restore_an_announcer_leaves_as_fast_as_before()
    {
        using var store = new EtcdConnection(Fleet.Endpoints(_etcd), TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var (watch, report) = StartProxy(store, stop.Token);
        var announcer = ServerProcess.Start(KamrpcProgram.File,
            [.. KamrpcProgram.Prefix, "announce", "--probe", "none", "--etcd", _etcd.Endpoint, "--name", "a", "--uri", "sip:10.0.0.1", "--ack-timeout", "20s", "--drain-timeout", "0s"]);
        await using (announcer)
        {
            await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
            await _etcd.SaveAsync(_folder.File("backup"));
            await AdvanceAsync(50);
            await _etcd.DeleteAsync(Prefix + "a");
            await announcer.WaitForLineAsync("was deleted by somebody else", Fleet.Deadline);
            await UntilAsync(async () => await _etcd.GetAsync(Prefix + "a") is not null);
            await UntilAsync(async () => watch.Current?.Members.Count == 2 && await _etcd.GetAsync("/kamrpc/default/proxies/p1") is not null);
            await _etcd.RestoreAsync(_folder.File("backup"));
            await UntilAsync(async () => (await _etcd.GetAsync(Prefix + "a")) is not null && watch.Current!.Members.Count == 1);

            var begun = Stopwatch.GetTimestamp();
            announcer.Signal(UnixSignals.Terminate);
            Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero, announcer.Output);
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(10)), announcer.Output);
            Assert.That(announcer.Output, Does.Contain("Every live proxy").And.Not.Contain("Not every live proxy"));
        }

        await stop.CancelAsync();
        await report.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [TestCase(0)]
    [TestCase(5)]
    public async Task A_restored_store_that_has_come_as_far_as_before_or_further_is_read_anew(int further)
    {
        using var stop = new CancellationTokenSource();
        await _etcd.PutAsync(Prefix + "kept", """{"uri":"sip:10.0.0.8"}""");
        await _etcd.SaveAsync(_folder.File("backup"));
        await _etcd.PutAsync(Prefix + "a", """{"uri":"sip:10.0.0.1"}""");
        var revision = await _etcd.DeleteAsync(Prefix + "kept");

        // The watch knows the revision, and finds its way back only when the store has passed it.
        await using var relay = new TcpRelay(_etcd.Endpoint);
        Assert.That(EtcdEndpoints.TryParse(relay.Endpoint, out var endpoints, out var error), error);
        using var behind = new EtcdConnection(endpoints!, TimeProvider.System);
        var watch = new MembershipWatch(behind, new EtcdKeys("default"), TimeProvider.System, NullLogger<MembershipWatch>.Instance);
        var following = watch.RunAsync(static () => { }, stop.Token);
        await UntilAsync(() => Task.FromResult(watch.Current is { Members.Count: 1 } known && known.Revision == revision));
        relay.IsDown = true;
        await _etcd.RestoreAsync(_folder.File("backup"));
        await _etcd.PutAsync(Prefix + "a", """{"uri":"sip:10.0.0.2"}""");
        while (await _etcd.RevisionAsync() < revision + further)
        {
            await _etcd.PutAsync("other", "x");
        }

        relay.IsDown = false;
        await UntilAsync(() => Task.FromResult(watch.Current!.Members.Select(static member => member.Uri.Text).Order().SequenceEqual(["sip:10.0.0.2", "sip:10.0.0.8"])));

        await stop.CancelAsync();
        Assert.That(() => following, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_write_whose_answer_was_lost_counts_with_the_revision_that_it_got()
    {
        await using var relay = new TcpRelay(_etcd.Endpoint);
        Assert.That(EtcdEndpoints.TryParse(relay.Endpoint, out var endpoints, out var error), error);
        using var store = new EtcdConnection(endpoints!, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var keeper = new LeaseKeeper(store, TimeSpan.FromSeconds(30), TimeProvider.System, NullLogger.Instance);
        var record = keeper.Add(Prefix + "a", null, static _ => true);
        record.Update("ready"u8.ToArray());
        var holding = keeper.RunAsync(static _ => { }, stop.Token);
        await keeper.AnnouncedAsync(CancellationToken.None).WaitAsync(Fleet.Deadline);
        await AdvanceAsync(5);

        relay.SwallowAnswers();
        record.Update("draining"u8.ToArray());
        await UntilAsync(async () => await _etcd.GetAsync(Prefix + "a") == "draining");
        var written = await _etcd.RevisionAsync();

        Assert.That((await keeper.SettledAsync(CancellationToken.None).WaitAsync(Fleet.Deadline)).Revision, Is.EqualTo(written));
        await stop.CancelAsync();
        Assert.That(await holding.WaitAsync(Fleet.Deadline), Is.True);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var begun = Stopwatch.GetTimestamp(); !await condition();)
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), "in time");
        }
    }

    /// <summary>A proxy that acknowledges whatever it sees at once.</summary>
    private static (MembershipWatch Watch, Task Running) StartProxy(EtcdConnection store, CancellationToken stop)
    {
        var keys = new EtcdKeys("default");
        var watch = new MembershipWatch(store, keys, TimeProvider.System, NullLogger<MembershipWatch>.Instance);
        var report = new ProxyReport(store, keys, "p1", static () => ProxyIdentity.Here("jsonrpc+unix:/run/x", null), TimeSpan.FromSeconds(5), TimeProvider.System, NullLogger<ProxyReport>.Instance);
        var following = watch.RunAsync(
            () => report.Report(new ProxyStatus(watch.Current!.Revision, DateTimeOffset.UtcNow, "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty) { Silenced = watch.Current.Revision }),
            stop);
        return (watch, Task.WhenAll(following, report.RunAsync(static _ => { }, stop)));
    }

    private async Task AdvanceAsync(int revisions)
    {
        using var store = new EtcdConnection(Fleet.Endpoints(_etcd), TimeProvider.System);
        for (var number = 0; number < revisions; number++)
        {
            await store.Keys.PutAsync(new Etcdserverpb.PutRequest
            {
                Key = Google.Protobuf.ByteString.CopyFromUtf8(Prefix + "other"), Value = Google.Protobuf.ByteString.CopyFromUtf8("""{"uri":"sip:10.0.0.9"}"""),
            });
        }
    }
}
