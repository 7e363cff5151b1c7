using System.Diagnostics;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>A real etcd behind a relay that swallows the connections that stand, or is slow.</summary>
[Parallelizable]
public class HalfDeadConnectionTests
{
    private const string Key = "/kamrpc/default/members/1/a";

    /// <summary>A renewal is due after a fifth of the TTL, and waits for its answer as long: whoever acts on the first one is through by then.</summary>
    private static readonly TimeSpan LongerThanTheTtl = TimeSpan.FromSeconds(6);

    private readonly List<ServerProcess> _processes = [];
    private EtcdServer _etcd = null!;
    private TcpRelay _relay = null!;

    [SetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl");
        _etcd = await EtcdServer.StartAsync();
        _relay = new TcpRelay(_etcd.Endpoint);
    }

    [TearDown]
    public async Task StopEverything()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _processes.Clear();
        if (_relay is not null)
        {
            await _relay.DisposeAsync();
        }

        await (_etcd?.DisposeAsync() ?? default);
    }

    [TestCase("5s")]
    [TestCase("2s")]
    public async Task A_key_outlives_that_its_connection_is_swallowed_while_new_ones_work(string ttl)
    {
        var announcer = Announce("--ttl", ttl);
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        var created = await _etcd.CreateRevisionAsync(Key);
        await _etcd.WaitForRenewalAsync(Key);

        _relay.Swallow();
        await Task.Delay(LongerThanTheTtl);

        // One that was gone meanwhile has been created again.
        Assert.That(await _etcd.CreateRevisionAsync(Key), Is.EqualTo(created), announcer.Output);
        Assert.That(_relay.Accepted, Is.GreaterThan(1));
    }

    [Test]
    public async Task A_watch_whose_connection_is_swallowed_goes_on_over_another_one()
    {
        using var store = Store();
        var watch = new MembershipWatch(store, new EtcdKeys("default"), TimeProvider.System, NullLogger<MembershipWatch>.Instance);
        var (following, stop, changes) = Follow(watch);
        using (stop)
        using (changes)
        {
            await _etcd.PutAsync(Key, """{"uri":"sip:10.0.0.1"}""");
            await UntilAsync(changes, () => watch.Current?.Members.Count == 1);

            _relay.Swallow();
            var swallowed = Stopwatch.GetTimestamp();
            await _etcd.PutAsync(Key, """{"uri":"sip:10.0.0.2"}""");
            await UntilAsync(changes, () => watch.Current!.Members.Single().Uri.Text == "sip:10.0.0.2");

            // Three seconds of silence, three more without an answer: twice as long on a busy machine.
            Assert.That(Stopwatch.GetElapsedTime(swallowed), Is.LessThan(TimeSpan.FromSeconds(12)));
            await stop.CancelAsync();
            Assert.That(() => following, Throws.InstanceOf<OperationCanceledException>());
        }
    }

    [Test]
    public async Task A_listing_that_takes_longer_than_a_call_may_comes_whole_and_is_told_of()
    {
        const int Count = 2000;
        await Fill(Count);
        _relay.BytesPerSecond = 100_000;
        using var store = Store();
        var log = new Messages<MembershipWatch>();
        var watch = new MembershipWatch(store, new EtcdKeys("default"), TimeProvider.System, log);
        var (following, stop, changes) = Follow(watch);
        using (stop)
        using (changes)
        {
            await UntilAsync(changes, () => watch.Current is not null);
            Assert.That(watch.Current!.Members, Has.Count.EqualTo(Count));
            Assert.That(log.Of(1006), Is.Not.Empty, "progress");
            Assert.That(log.Of(1001), Is.Empty, "no outage");
            await stop.CancelAsync();
            Assert.That(() => following, Throws.InstanceOf<OperationCanceledException>());
        }

        var (_, output, errors) = await Kamrpc.RunAsync("status", "--etcd", _relay.Endpoint, "-o", "json");
        Assert.That(output, Does.Contain("a1999"), errors);
    }

    private static async Task UntilAsync(SemaphoreSlim changes, Func<bool> condition)
    {
        while (!condition())
        {
            Assert.That(await changes.WaitAsync(Fleet.Deadline), "in time");
        }
    }

    private static (Task Following, CancellationTokenSource Stop, SemaphoreSlim Changes) Follow(MembershipWatch watch)
    {
        var stop = new CancellationTokenSource();
        var changes = new SemaphoreSlim(0);
        return (watch.RunAsync(() => changes.Release(), stop.Token), stop, changes);
    }

    /// <summary>Writes members a hundred at a time, past the relay.</summary>
    private async Task Fill(int count)
    {
        using var store = new EtcdConnection(Fleet.Endpoints(_etcd), TimeProvider.System);
        foreach (var batch in Enumerable.Range(0, count).Chunk(100))
        {
            var all = new Etcdserverpb.TxnRequest();
            all.Success.AddRange(batch.Select(static number => new Etcdserverpb.RequestOp
            {
                RequestPut = new Etcdserverpb.PutRequest
                {
                    Key = Google.Protobuf.ByteString.CopyFromUtf8($"/kamrpc/default/members/1/a{number}"),
                    Value = Google.Protobuf.ByteString.CopyFromUtf8($$"""{"uri":"sip:10.1.{{number / 250}}.{{number % 250}}:5060","labels":{"note":"{{new string('x', 100)}}"} }"""),
                },
            }));
            await store.Keys.TxnAsync(all);
        }
    }

    private EtcdConnection Store() =>
        new(EtcdEndpoints.TryParse(_relay.Endpoint, out var endpoints, out var error) ? endpoints : throw new InvalidOperationException(error), TimeProvider.System);

    [Test]
    public async Task An_endpoint_that_answers_is_not_said_to_be_silent_since_a_watch_breaks_off()
    {
        await _etcd.PutAsync(Key, "{}");
        var revision = await _etcd.PutAsync(Key, "{}");
        await _etcd.CompactAsync(revision);
        Assert.That(EtcdEndpoints.TryParse(_relay.Endpoint, out var endpoint, out var error), error);
        var probe = new EndpointProbe(new EtcdOptions(endpoint!), new EtcdKeys("default"), TimeProvider.System);
        Assert.That((await probe.ReadStatusAsync(default)).CompactedRevision, Is.EqualTo(revision));

        _relay.Refused = "/etcdserverpb.Watch/Watch"u8.ToArray();
        var status = await probe.ReadStatusAsync(default);

        Assert.That((status.HasLeader, status.CompactedRevision), Is.EqualTo((true, (long?)null)));
    }

    private ServerProcess Announce(params string[] options)
    {
        var process = ServerProcess.Start(KamrpcProgram.File,
            [.. KamrpcProgram.Prefix, "announce", "--probe", "none", "--etcd", _relay.Endpoint, "--name", "a", "--uri", "sip:10.0.0.1", .. options]);
        _processes.Add(process);
        return process;
    }
}
