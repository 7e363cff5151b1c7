using System.Globalization;
using System.Text.Json;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Announce.Calls;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Asterisk;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Announce;

/// <summary>An announcer tells how many calls are up while its member is drained, and at no other time; over real connections to an etcd and an Asterisk that are made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class DrainedCallsTests : IAsyncDisposable
{
    private const string Calls = "/kamrpc/c/calls/1/a";
    private const string Intent = "/kamrpc/c/intents/1/a";
    private const string Drain = """{"drain":true}""";
    private const int CountsCalls = 1330;
    private const int DrainsNotRead = 1331;
    private const int CallsNotTold = 1332;

    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly LogCapture<DrainedCallsTests> _log = new();
    private readonly CancellationTokenSource _life = new();
    private readonly FakeAmi _asterisk = new();
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private AsteriskMonitor _monitor = null!;
    private MaintenanceSwitch? _maintenance;
    private bool _isShared;
    private Task _monitoring = Task.CompletedTask;
    private Task _counting = Task.CompletedTask;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _store = _etcd.Connect();
        _monitor = new AsteriskMonitor(FakeAmiAccess.AddressOf(_asterisk), FakeAmiAccess.Credentials, "kamailio", TimeProvider.System, NullLogger.Instance);
        _asterisk.HasCalls(2);
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        await _counting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _monitoring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _asterisk.DisposeAsync();
        _maintenance?.Dispose();
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
        _life.Dispose();
    }

    [Test]
    public async Task Calls_are_told_from_the_drain_to_its_end_with_what_is_up_and_when_that_was_counted()
    {
        var begun = DateTimeOffset.UtcNow;
        Count();
        _etcd.Model.Put(Intent, Drain);

        await UntilAsync(static value => Number(value, "calls") == 2);
        Assert.That(JsonElement.Parse(_etcd.Model.Value(Calls)!).GetProperty("at").GetDateTimeOffset(), Is.InRange(begun.AddSeconds(-1), DateTimeOffset.UtcNow.AddSeconds(1)));
        Assert.That(_etcd.Model.KeyLeases, Has.Some.GreaterThan(0), "it goes with the announcer");

        _asterisk.HasCalls(0, channels: 0);
        await UntilAsync(static value => Number(value, "calls") == 0 && Number(value, "channels") == 0);

        _etcd.Model.Delete(Intent);
        await UntilAsync(static value => value is null);
        Assert.That(_log.Of(CountsCalls), Has.Count.EqualTo(1));
        Assert.That(() => _etcd.Model.Leases, Is.Empty.After(10_000, 10), "nor does a lease stay");
    }

    [Test]
    public async Task Each_count_is_a_new_one_though_the_number_stays()
    {
        _etcd.Model.Put(Intent, Drain);
        Count();
        await UntilAsync(static value => Number(value, "calls") == 2);

        var first = _etcd.Model.Value(Calls);
        await UntilAsync(value => value is not null && value != first);
        Assert.That(Number(_etcd.Model.Value(Calls), "calls"), Is.EqualTo(2));
    }

    [Test]
    public async Task An_announcer_that_ends_takes_its_count_with_it()
    {
        _etcd.Model.Put(Intent, Drain);
        Count();
        await UntilAsync(static value => value is not null);

        await _life.CancelAsync();

        await _counting.WaitAsync(Deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That((_etcd.Model.Value(Calls), _etcd.Model.Leases.Count), Is.EqualTo(((string?)null, 0)));
    }

    [Test]
    public async Task While_nobody_is_drained_neither_Asterisk_nor_etcd_is_told_to_count()
    {
        _etcd.Model.Put(Intent, """{"weight":10}""");
        _etcd.Model.Put("/kamrpc/c/intents/1/b", Drain);
        var readings = 0;
        var read = new TaskCompletionSource();
        _etcd.Before = (request, _) =>
        {
            if (request is TxnRequest && ++readings == 3)
            {
                read.TrySetResult();
            }

            return Task.CompletedTask;
        };
        Count();
        await read.Task.WaitAsync(Deadline);

        Assert.That(_asterisk.Requests, Has.None.Contain("CoreStatus"));
        Assert.That((_etcd.Model.Value(Calls), _etcd.Model.Leases.Count), Is.EqualTo(((string?)null, 0)));
    }

    [Test]
    public async Task An_Asterisk_that_says_nothing_has_no_number_of_calls_but_a_reason()
    {
        _etcd.Model.Put(Intent, Drain);
        _asterisk.Answer = static action => action == "CoreStatus" ? "Response: Error\r\nActionID: #\r\nMessage: Permission denied\r\n\r\n" : null;
        Count();

        await UntilAsync(static value => value?.StartsWith("""{"reason":"Asterisk does not say how many calls it has","at":""", StringComparison.Ordinal) == true);
    }

    [Test]
    public async Task What_an_earlier_life_left_is_taken_over()
    {
        _etcd.Model.Put(Calls, """{"calls":9}""", lease: 77);
        _etcd.Model.Put(Intent, Drain);
        Count();

        await UntilAsync(static value => Number(value, "calls") == 2);
    }

    [Test]
    public async Task Of_a_member_that_somebody_else_announces_that_one_counts()
    {
        _etcd.Model.Put(Intent, Drain);
        var other = Record();
        other.See(new Mvccpb.KeyValue { Value = ByteString.CopyFromUtf8("{}"), Lease = 7, ModRevision = 5 }, withValue: true, lease: 0);
        Count((new MemberKey(1, "a"), other), (new MemberKey(2, "a"), Record()));
        _etcd.Model.Put("/kamrpc/c/intents/2/a", Drain);

        await UntilAsync(static value => value is not null, "/kamrpc/c/calls/2/a");
        Assert.That(_etcd.Model.Value(Calls), Is.Null);
    }

    [Test]
    public async Task Who_may_not_read_intents_says_so_once_with_what_to_grant_and_goes_on()
    {
        var refusals = 0;
        var refused = new TaskCompletionSource();
        _etcd.Before = (request, _) =>
        {
            if (request is TxnRequest)
            {
                Interlocked.Increment(ref refusals);
                refused.TrySetResult();
                throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"));
            }

            return Task.CompletedTask;
        };
        Count();
        await refused.Task.WaitAsync(Deadline);

        await UntilLoggedAsync(DrainsNotRead);
        Assert.That(_log.Of(DrainsNotRead).Single(), Does.Contain("/kamrpc/c/intents/1/a").And.Contain("readwrite on calls/"));
        Assert.That(_counting.IsCompleted, Is.False);
    }

    [Test]
    public async Task Who_may_not_write_counts_says_so_once_and_tells_them_as_soon_as_it_may()
    {
        var isRefused = true;
        var refusals = 0;
        _etcd.Before = (request, _) =>
        {
            if (Volatile.Read(ref isRefused) && request is TxnRequest transaction && transaction.Success.Any(static operation => operation.RequestPut is not null))
            {
                Interlocked.Increment(ref refusals);
                throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"));
            }

            return Task.CompletedTask;
        };
        _etcd.Model.Put(Intent, Drain);
        Count();
        await UntilLoggedAsync(CallsNotTold);
        await UntilAsync(_ => Volatile.Read(ref refusals) >= 2);
        Assert.That(_log.Of(CallsNotTold), Has.Count.EqualTo(1));
        Assert.That(_log.Of(CallsNotTold).Single(), Does.Contain(Calls).And.Contain("readwrite on calls/"));

        Volatile.Write(ref isRefused, false);

        await UntilAsync(static value => Number(value, "calls") == 2);
    }

    [Test]
    public async Task Asterisk_is_in_maintenance_while_all_of_its_members_are_drained_where_that_is_asked_for()
    {
        _asterisk.KnowsMaintenance = true;
        _maintenance = new MaintenanceSwitch(_monitor);
        Count((new MemberKey(1, "a"), Record()), (new MemberKey(2, "a"), Record()));
        _etcd.Model.Put(Intent, Drain);
        var first = await CountedAsync();
        await UntilAsync(value => value is not null && value != first);
        Assert.That(_asterisk.Requests, Has.None.Contain("PJSIPSetMaintenance"), "calls of another set go on");

        _etcd.Model.Put("/kamrpc/c/intents/2/a", Drain);
        await UntilAsync(_ => _asterisk.InMaintenance.ContainsKey("kamailio"));

        _etcd.Model.Delete(Intent);
        await UntilAsync(_ => _asterisk.InMaintenance.IsEmpty);
    }

    [Test]
    public async Task While_calls_go_to_it_by_another_name_Asterisk_is_not_in_maintenance()
    {
        _asterisk.KnowsMaintenance = true;
        _maintenance = new MaintenanceSwitch(_monitor);
        _isShared = true;
        _etcd.Model.Put(Intent, Drain);
        Count();

        for (var (times, last) = (0, await CountedAsync()); times < 3; times++)
        {
            var before = last;
            await UntilAsync(value => value is not null && value != before);
            last = _etcd.Model.Value(Calls);
        }

        Assert.That(_asterisk.InMaintenance, Is.Empty);
    }

    /// <summary>The announcer's program was replaced while somebody drains.</summary>
    [Test]
    public async Task What_the_program_before_has_put_into_maintenance_stays_there_without_a_break_until_the_drain_ends()
    {
        _asterisk.KnowsMaintenance = true;
        _asterisk.InMaintenance["kamailio"] = true;
        _maintenance = new MaintenanceSwitch(_monitor) { IsOurs = true };
        _etcd.Model.Put(Intent, Drain);
        Count();

        var first = await CountedAsync();
        await UntilAsync(value => value is not null && value != first);
        Assert.That(_asterisk.Requests, Has.None.Contains("PJSIPSetMaintenance"));

        _etcd.Model.Delete(Intent);
        await UntilAsync(_ => _asterisk.InMaintenance.IsEmpty);
    }

    private static int? Number(string? value, string field) =>
        value is not null && JsonElement.Parse(value).TryGetProperty(field, out var number) ? int.Parse(number.GetRawText(), CultureInfo.InvariantCulture) : null;

    private static LeasedRecord Record() => new("key", null, static _ => false, static () => { }, NullLogger.Instance);

    private void Count(params (MemberKey Key, LeasedRecord Record)[] members)
    {
        var all = members.Length > 0 ? members : [(new MemberKey(1, "a"), Record())];

        // Not before: Asterisk is asked once for its maintenance mode, and answers what it is by then.
        _monitoring = _monitor.RunAsync(static _ => { }, _life.Token);
        _counting = new DrainedCalls(_store, new EtcdKeys("c"), all, _monitor, _maintenance, _ => Task.FromResult(_isShared), Ttl, TimeProvider.System, _log).RunAsync(_life.Token);
    }

    private async Task UntilAsync(Func<string?, bool> condition, string key = Calls)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition(_etcd.Model.Value(key)))
        {
            await Task.Delay(5, deadline.Token);
        }
    }

    private async Task<string?> CountedAsync()
    {
        await UntilAsync(static value => value is not null);
        return _etcd.Model.Value(Calls);
    }

    private Task UntilLoggedAsync(int id) => UntilAsync(_ => _log.Of(id).Count > 0);
}
