using KamailioRpc;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>The cycle is the unit of failure.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReconcilerFaultTests : IAsyncDisposable
{
    private const int Unexpected = 1900;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeMembership _membership = new();
    private readonly FakeReport _report = new();
    private readonly LogCapture<CycleLog> _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeKamailio _kamailio = FakeKamailio.Start();
    private Task _running = Task.CompletedTask;
    private RpcClient? _client;

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
    public async Task What_is_unexpected_in_a_cycle_is_logged_and_the_next_one_goes_on_after_a_pause()
    {
        var cycles = 0;
        Start(() =>
        {
            if (++cycles <= 3)
            {
                throw new InvalidOperationException("broken");
            }
        });
        _membership.Set(1, Members.Of("a"));

        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 1, Deadline);
        Assert.That(_log.Of(Unexpected).Single(), Does.Contain("InvalidOperationException: broken"));
        await _kamailio.WaitForAsync(_ => _report.Last is { Revision: 1, Troubles.IsEmpty: true }, Deadline);
    }

    [Test]
    public async Task A_storm_of_events_does_not_make_a_fault_that_stays_spin()
    {
        var cycles = 0;
        Start(() =>
        {
            Interlocked.Increment(ref cycles);
            throw new InvalidOperationException("broken");
        });
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var revision = 1; System.Diagnostics.Stopwatch.GetElapsedTime(begun) < TimeSpan.FromMilliseconds(500); revision++)
        {
            _membership.Set(revision, Members.Of("a"));
            await Task.Yield();
        }

        // 25, 50, 100, 200, 400 ms.
        Assert.That(Volatile.Read(ref cycles), Is.InRange(1, 6));
        Assert.That(_running.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_membership_whose_following_breaks_is_followed_again()
    {
        _membership.Failures = 2;
        Start(static () => { });
        await _log.WaitForAsync(Unexpected).WaitAsync(Deadline);
        await _kamailio.WaitForAsync(_ =>
        {
            _membership.Set(1, Members.Of("a"));
            return _kamailio.Destinations.Count == 1;
        }, Deadline);
    }

    [Test]
    public void Only_that_another_daemon_serves_this_Kamailio_ends_it()
    {
        Start(static () => throw new ProxyTakenException("p2"));

        Assert.That(() => _running.WaitAsync(Deadline), Throws.InstanceOf<ProxyTakenException>());
    }

    [Test]
    public async Task A_destination_stays_disabled_for_ever_when_it_is_never_to_be_removed()
    {
        Start(static () => { }, Timeout.InfiniteTimeSpan);
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);
        _membership.Set(2, Members.Of("b"));
        await _kamailio.WaitForAsync(_ => _report.Last is { Revision: 2 }, Deadline);

        Assert.That(_kamailio.Destinations.Select(static entry => entry.Flags[0]), Is.EquivalentTo(new[] { 'A', 'D' }));
    }

    private void Start(Action prepare, TimeSpan removalDelay = default)
    {
        _client = new RpcClient(
            KamailioAddress.Parse(_kamailio.Address),
            new RpcClientOptions { ReplyDirectory = _folder.File("replies"), Timeout = TimeSpan.FromMilliseconds(250) });
        var dispatcher = new KamailioDispatcher(_client);
        var quarantine = new Quarantine(TimeProvider.System);
        var reconciler = new Reconciler(
            _membership,
            dispatcher,
            new PlanExecutor(dispatcher, new FixedGap(TimeSpan.FromMilliseconds(1), TimeProvider.System), quarantine, [], NullLogger<PlanExecutor>.Instance),
            quarantine,
            new PlanPolicy("c"),
            new CycleLog(_report, quarantine, static () => default, TimeProvider.System, _log),
            new ReconcilerOptions { RemovalDelay = removalDelay, Resync = TimeSpan.FromMilliseconds(100), Retry = TimeSpan.FromMilliseconds(20) },
            new SentinelWatch(dispatcher, TimeSpan.FromMilliseconds(20), TimeProvider.System),
            prepare,
            TimeProvider.System,
            new ForeignMemory("c", static _ => null, TimeProvider.System, NullLogger<ForeignMemory>.Instance));
        _running = reconciler.RunAsync(_stop.Token);
    }
}
