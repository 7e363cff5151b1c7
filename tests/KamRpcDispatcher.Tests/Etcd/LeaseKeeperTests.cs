using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Many keys under one lease that is short, and an etcd that is slow: none lapses.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class LeaseKeeperTests : IAsyncDisposable
{
    private const int LeaseLost = 1012;
    private const int Withdrawn = 1017;
    private const int NotWithdrawn = 1018;
    private const int KeysRefused = 1040;
    private const int KeysTaken = 1041;
    private const int Keys = 4 * KeyTransactions.MostKeys;

    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>As slow as a call may be; as many as the keys need take longer than the lease lives.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(600);

    private LogCapture<LeaseKeeper> _log = null!;
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private LeaseKeeper _keeper = null!;
    private CancellationTokenSource _stop = null!;
    private readonly List<LeasedRecord> _records = [];

    [SetUp]
    public async Task Start()
    {
        _records.Clear();
        _log = new LogCapture<LeaseKeeper>();
        _etcd = await FakeEtcd.StartAsync();
        _store = _etcd.Connect();
        _keeper = new LeaseKeeper(_store, Ttl, TimeProvider.System, _log);
        _stop = new CancellationTokenSource();
        for (var index = 0; index < Keys; index++)
        {
            _records.Add(_keeper.Add(Key(index), "farewell"u8.ToArray(), static _ => true));
            Update(index, "value", takesCallsAway: false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stop?.Dispose();
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task The_first_write_and_a_look_may_take_longer_than_the_lease_lives()
    {
        var looks = new TaskCompletionSource();
        var reads = 0;
        var isAnnounced = false;
        _etcd.Before = async (request, _) =>
        {
            if (request is TxnRequest transaction)
            {
                await Task.Delay(Slow, CancellationToken.None);
                if (Volatile.Read(ref isAnnounced) && transaction.Success[0].RequestRange is not null && ++reads > Keys / KeyTransactions.MostKeys)
                {
                    looks.TrySetResult();
                }
            }
        };
        var holding = RunAsync();
        await _keeper.AnnouncedAsync(CancellationToken.None).WaitAsync(Deadline);
        Volatile.Write(ref isAnnounced, true);
        await looks.Task.WaitAsync(Deadline);

        AssertNoneLapsed();
        await EndAsync(holding);
    }

    [Test]
    public async Task Keys_are_put_under_another_lease_many_at_a_time_and_both_are_renewed_meanwhile()
    {
        var holding = await AnnounceAsync();
        var moves = 0;
        _etcd.Before = async (request, _) =>
        {
            if (IsMove(request))
            {
                Interlocked.Increment(ref moves);
                await Task.Delay(Slow, CancellationToken.None);
            }
        };
        _etcd.Model.Term++;

        await UntilAsync(() => _etcd.Model.Leases is [2]);
        AssertNoneLapsed();
        Assert.That(moves, Is.EqualTo(Keys / KeyTransactions.MostKeys));
        await EndAsync(holding);
    }

    [Test]
    public async Task Where_one_key_is_gone_the_others_are_put_under_another_lease_one_by_one_and_both_are_renewed_meanwhile()
    {
        var holding = await AnnounceAsync();
        var isFirst = true;
        _etcd.Before = async (request, _) =>
        {
            if (IsMove(request))
            {
                if (isFirst)
                {
                    isFirst = false;
                    _etcd.Model.Delete(Key(0));
                }

                await Task.Delay(Ttl * 1.5 / KeyTransactions.MostKeys, CancellationToken.None);
            }
        };
        _etcd.Model.Term++;

        await UntilAsync(() => _etcd.Model.Leases is [2] && _etcd.Model.KeyLeases.Count == Keys);
        AssertNoneLapsed();
        await EndAsync(holding);
    }

    [Test]
    public async Task While_the_move_to_another_lease_fails_both_leases_are_renewed()
    {
        var holding = await AnnounceAsync();
        var begun = TimeProvider.System.GetTimestamp();
        var moves = 0;
        _etcd.Before = (request, _) => IsMove(request) && ++moves > 1 && TimeProvider.System.GetElapsedTime(begun) < 2 * Ttl
            ? throw new RpcException(new Status(StatusCode.Unavailable, "no leader"))
            : Task.CompletedTask;
        _etcd.Model.Term++;

        await UntilAsync(() => _etcd.Model.Leases is [2]);
        Assert.That(moves, Is.GreaterThan(4), "it failed in between");
        AssertNoneLapsed();
        await EndAsync(holding);
    }

    [Test]
    public async Task The_other_lease_is_renewed_while_the_end_of_the_old_one_is_not_answered()
    {
        var holding = await AnnounceAsync();
        var isOver = new TaskCompletionSource();
        _etcd.Before = async (request, gone) =>
        {
            if (request is LeaseRevokeRequest { ID: 1 })
            {
                gone.Register(() => isOver.TrySetResult());
                await Task.Delay(Timeout.InfiniteTimeSpan, gone);
            }
        };
        _etcd.Model.Term++;

        await isOver.Task.WaitAsync(Deadline);
        _etcd.Before = static (_, _) => Task.CompletedTask;
        await UntilAsync(() => _etcd.Model.Leases is [2]);
        AssertNoneLapsed();
        await EndAsync(holding);
    }

    [Test]
    public async Task A_call_that_takes_long_keeps_no_renewal_waiting()
    {
        var holding = await AnnounceAsync();
        var (isUnderWay, renewed) = (false, 0);
        var calls = new Dictionary<bool, int> { [true] = 0, [false] = 0 };
        _etcd.Before = async (request, _) =>
        {
            if (request is TxnRequest)
            {
                Volatile.Write(ref isUnderWay, true);
                await Task.Delay(Slow, CancellationToken.None);
                Volatile.Write(ref isUnderWay, false);
            }
            else if (request is LeaseKeepAliveRequest)
            {
                calls[Volatile.Read(ref isUnderWay)]++;
                Interlocked.Increment(ref renewed);
            }
        };

        await UntilAsync(() => Volatile.Read(ref renewed) > 10);
        Assert.That(calls[true], Is.GreaterThan(2), $"{calls[false]} between two calls");
        AssertNoneLapsed();
        await EndAsync(holding);
    }

    [Test]
    public async Task An_old_lease_that_is_gone_when_its_keys_are_under_another_one_is_no_loss()
    {
        var holding = await AnnounceAsync();
        _etcd.Before = (request, _) =>
        {
            if (request is LeaseRevokeRequest { ID: 1 } revoke && _etcd.Model.Leases.Contains(1))
            {
                _etcd.Model.Answer(revoke);
            }

            return Task.CompletedTask;
        };
        _etcd.Model.Term++;

        await UntilAsync(() => _etcd.Model.Leases is [2]);
        var looks = 0;
        _etcd.Before = (request, _) =>
        {
            looks += request is TxnRequest ? 1 : 0;
            return Task.CompletedTask;
        };
        await UntilAsync(() => Volatile.Read(ref looks) > 2 * Keys / KeyTransactions.MostKeys);
        Assert.That(_etcd.Model.Leases, Is.EqualTo(new[] { 2L }));
        AssertNoneLapsed();
        await EndAsync(holding);
    }

    [Test]
    public async Task Who_is_stopped_while_keys_are_put_under_another_lease_withdraws_those_of_both()
    {
        var holding = await AnnounceAsync();
        var moves = 0;
        _etcd.Before = async (request, gone) =>
        {
            if (IsMove(request) && ++moves == 2)
            {
                await _stop.CancelAsync();
                await Task.Delay(Timeout.InfiniteTimeSpan, gone);
            }
        };
        _etcd.Model.Term++;

        Assert.That(await holding.WaitAsync(Deadline), Is.True);
        Assert.That((_etcd.Model.KeyLeases.Count, _etcd.Model.Leases.Count, _etcd.Model.Lapsed), Is.EqualTo((0, 0, 0)));
        Assert.That(_log.Of(Withdrawn), Is.EqualTo(new[] { $"Withdrew {Key(0)} and {Keys - 1} more" }));
    }

    [Test]
    public async Task Keys_that_are_deleted_are_withdrawn_though_the_end_of_their_lease_is_not_answered()
    {
        var holding = await AnnounceAsync();
        _etcd.Before = (request, gone) => request is LeaseRevokeRequest ? Task.Delay(Timeout.InfiniteTimeSpan, gone) : Task.CompletedTask;

        await EndAsync(holding);
        Assert.That(_etcd.Model.KeyLeases, Is.Empty);
    }

    [Test]
    public async Task A_withdrawal_that_was_not_answered_at_first_tells_of_all_keys()
    {
        var holding = await AnnounceAsync();
        var deletes = 0;
        _etcd.Before = (request, gone) => request is TxnRequest transaction && transaction.Success[0].RequestDeleteRange is not null && ++deletes == 3
            ? throw new RpcException(new Status(StatusCode.Unavailable, "no leader"))
            : Task.CompletedTask;

        await EndAsync(holding);
        Assert.That(deletes, Is.GreaterThan(3));
        Assert.That(_etcd.Model.KeyLeases, Is.Empty);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_key_that_etcd_refuses_keeps_no_other_one_from_being_written_and_is_written_when_it_may_be(bool isReading)
    {
        var calls = 0;
        var isRefusing = true;
        _etcd.Before = (request, _) =>
        {
            calls += request is TxnRequest ? 1 : 0;
            return Volatile.Read(ref isRefusing) && Touches(request, Key(70), isReading) ? throw Denied() : Task.CompletedTask;
        };
        var holding = RunAsync();

        await UntilAsync(() => _etcd.Model.KeyLeases.Count == Keys - 1 && _log.Of(KeysRefused).Count > 0);
        Assert.That(_log.Of(KeysRefused).Single(), Does.Contain($" refuses {Key(70)} (permission denied").And.EndsWith("the others are kept"));
        Assert.That(_keeper.Refused, Does.StartWith($"{Key(70)} (permission denied"));
        Assert.That(_keeper.Outage, Is.Null);
        Assert.That(calls, Is.LessThan(100));
        Assert.That((await _keeper.SettledAsync(CancellationToken.None).WaitAsync(Deadline)).Settlement, Is.EqualTo(Settlement.Written), "nothing of it stands in the store");

        Volatile.Write(ref isRefusing, false);
        await _keeper.AnnouncedAsync(CancellationToken.None).WaitAsync(Deadline);
        await UntilAsync(() => _log.Of(KeysTaken).Count > 0);
        Assert.That(_keeper.Refused, Is.Null);
        AssertNoneLapsed();
        await EndAsync(holding);
    }

    [Test]
    public async Task A_new_value_that_etcd_refuses_of_one_key_keeps_none_of_another_one_back()
    {
        var holding = await AnnounceAsync();
        _etcd.Before = (request, _) => Touches(request, Key(0), isReading: false) ? throw Denied() : Task.CompletedTask;
        Update(0, "draining", takesCallsAway: true);
        Update(1, "draining", takesCallsAway: true);

        await UntilAsync(() => _log.Of(KeysRefused).Count > 0);
        Assert.That(_log.Of(KeysRefused).Single(), Does.Contain($"refuses {Key(0)} (").And.Contain($"{Key(0)} still says that its server is ready"));
        Assert.That((await _keeper.SettledAsync(CancellationToken.None).WaitAsync(Deadline)).Settlement, Is.EqualTo(Settlement.Refused), "calls go there");
        Assert.That(_records[1].IsWritten);

        _etcd.Before = static (_, _) => Task.CompletedTask;
        await _keeper.AnnouncedAsync(CancellationToken.None).WaitAsync(Deadline);
        await EndAsync(holding);
    }

    [Test]
    public async Task Where_etcd_refuses_every_key_it_cannot_be_used_and_is_not_flooded()
    {
        var calls = 0;
        _etcd.Before = (request, _) =>
        {
            calls += request is TxnRequest ? 1 : 0;
            return request is TxnRequest ? throw Denied() : Task.CompletedTask;
        };
        var holding = RunAsync();
        await UntilAsync(() => _keeper.Outage is not null);

        Assert.That(_keeper.Outage, Does.StartWith("permission denied"));
        Assert.That((await _keeper.SettledAsync(CancellationToken.None).WaitAsync(Deadline)).Settlement, Is.EqualTo(Settlement.NeverReached));
        Assert.That(_log.Of(KeysRefused), Is.Empty);
        var searched = calls;
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.That(calls, Is.EqualTo(searched).And.LessThan(2 * Keys), "the search for one that it takes is not begun again at once");
        await _stop.CancelAsync();
        await holding.WaitAsync(Deadline);
    }

    [Test]
    public async Task What_the_program_before_has_left_is_no_less_announced_while_etcd_does_not_answer_the_next_one()
    {
        HeldLease? left = null;
        var before = await AnnounceAsync();
        await _keeper.Handover.HandOverAsync(held => left = held, CancellationToken.None).WaitAsync(Deadline);

        var next = new LeaseKeeper(_store, Ttl, TimeProvider.System, _log);
        var record = next.Add(Key(0), "farewell"u8.ToArray(), static _ => true);
        next.Handover.Adopt(left!);
        record.Update("draining"u8.ToArray(), takesCallsAway: true);

        var failed = new TaskCompletionSource();
        var mayAnswer = new TaskCompletionSource();
        _etcd.Before = async (_, _) =>
        {
            failed.TrySetResult();
            if (!mayAnswer.Task.IsCompleted)
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "not now"));
            }

            await mayAnswer.Task;
        };
        using var stop = new CancellationTokenSource();
        var holding = next.RunAsync(static _ => { }, stop.Token);
        var settled = next.SettledAsync(CancellationToken.None);
        await failed.Task.WaitAsync(Deadline);
        await UntilAsync(() => next.Outage is not null);
        Assert.That(settled.IsCompleted, Is.False, "it is waited for, as long as the announcer waits");

        mayAnswer.SetResult();
        Assert.That((await settled.WaitAsync(Deadline)).Settlement, Is.EqualTo(Settlement.Written));
        await stop.CancelAsync();
        Assert.That(await holding.WaitAsync(Deadline));
        await _stop.CancelAsync();
        await before.WaitAsync(Deadline);
    }

    [Test]
    public async Task A_key_that_etcd_does_not_let_be_deleted_keeps_no_other_one_there_and_is_named()
    {
        var holding = await AnnounceAsync();
        _etcd.Before = (request, _) => Touches(request, Key(3), isReading: true) || request is LeaseRevokeRequest ? throw Denied() : Task.CompletedTask;

        await _stop.CancelAsync();
        Assert.That(await holding.WaitAsync(Deadline), Is.False);
        Assert.That(_etcd.Model.KeyLeases, Has.Count.EqualTo(1));
        Assert.That(_log.Of(NotWithdrawn).Single(), Does.StartWith($"{Key(3)} could not be withdrawn (permission denied"));
        Assert.That(_log.Of(Withdrawn).Single(), Is.EqualTo($"Withdrew {Key(0)} and {Keys - 2} more"));
    }

    [Test]
    public async Task A_key_that_etcd_refuses_does_not_keep_the_others_under_a_lease_of_before()
    {
        var holding = await AnnounceAsync();
        _etcd.Before = (request, _) => Touches(request, Key(3), isReading: false) || request is LeaseRevokeRequest ? throw Denied() : Task.CompletedTask;
        _etcd.Model.Term++;

        await UntilAsync(() => _etcd.Model.KeyLeases.Count(static lease => lease == 2) == Keys - 1);
        _etcd.Before = static (_, _) => Task.CompletedTask;
        await _stop.CancelAsync();
        await holding.WaitAsync(Deadline);
    }

    private static RpcException Denied() => new(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"));

    /// <summary>Whether a call does something with a key, or only writes there.</summary>
    private static bool Touches(IMessage request, string key, bool isReading) => request is TxnRequest transaction
        && transaction.Success.Concat(isReading ? transaction.Failure : []).Any(operation =>
            (operation.RequestPut?.Key ?? (isReading ? operation.RequestRange?.Key ?? operation.RequestDeleteRange?.Key : null))?.ToStringUtf8() == key);

    private void Update(int index, string value, bool takesCallsAway) => _records[index].Update(System.Text.Encoding.UTF8.GetBytes(value), takesCallsAway);

    private static string Key(int index) => $"/kamrpc/default/members/1/m{index:000}";

    private static bool IsMove(IMessage request) => request is TxnRequest transaction && transaction.Success[0].RequestPut is { IgnoreValue: true };

    private static async Task UntilAsync(Func<bool> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.That(TimeProvider.System.GetElapsedTime(begun), Is.LessThan(Deadline));
            await Task.Delay(20);
        }
    }

    private Task<bool> RunAsync() => _keeper.RunAsync(static _ => { }, _stop.Token);

    private async Task<Task<bool>> AnnounceAsync()
    {
        var holding = RunAsync();
        await _keeper.AnnouncedAsync(CancellationToken.None).WaitAsync(Deadline);
        return holding;
    }

    private void AssertNoneLapsed()
    {
        Assert.That(_etcd.Model.Lapsed, Is.Zero);
        Assert.That(_log.Of(LeaseLost), Is.Empty);
        Assert.That(_etcd.Model.KeyLeases, Has.Count.EqualTo(Keys).And.All.EqualTo(_etcd.Model.Leases.Single()));
    }

    private async Task EndAsync(Task<bool> holding)
    {
        await _stop.CancelAsync();
        Assert.That(await holding.WaitAsync(Deadline), Is.True);
        Assert.That(_log.Of(Withdrawn), Is.EqualTo(new[] { $"Withdrew {Key(0)} and {Keys - 1} more" }));
    }
}
