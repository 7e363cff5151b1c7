using KamailioRpc;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Push.Grace;
using Microsoft.Extensions.Time.Testing;
using NSubstitute;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>Wherever the loop hangs, it is told within fifteen seconds; what may take long does not hang.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class LoopWatchTests
{
    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(15);

    private readonly FakeTimeProvider _time = new();
    private readonly LoopWatch _loop;

    public LoopWatchTests() => _loop = new LoopWatch(TimeSpan.FromSeconds(3), _time);

    [Test]
    public void A_loop_that_rests_and_does_not_come_back()
    {
        _loop.Enter(LoopStep.Rest, TimeSpan.FromSeconds(1));
        Assert.That(_loop.Current.Hangs, Is.False);

        _time.Advance(InTime);
        Assert.That((_loop.Current.Step, _loop.Current.Hangs), Is.EqualTo(("rest", true)));
        Assert.That(_loop.Current.For, Is.EqualTo(InTime));
    }

    [Test]
    public void A_long_rest_is_no_hang()
    {
        _loop.Enter(LoopStep.Rest, TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.That(_loop.Current.Hangs, Is.False);
    }

    [Test]
    public void One_that_hangs_in_its_own_work()
    {
        _loop.Works();
        _time.Advance(InTime);

        Assert.That((_loop.Current.Step, _loop.Current.Hangs), Is.EqualTo(("work", true)));
    }

    [Test]
    public async Task One_that_hangs_in_a_call_and_one_of_many_calls_that_goes_on()
    {
        var inner = Substitute.For<IRpcClient>();
        await using var client = new HeartbeatClient(inner, new Heartbeat(_time), TimeSpan.FromMinutes(1), _loop, TimeSpan.FromSeconds(3));
        for (var call = 0; call < 100; call++)
        {
            await client.InvokeAsync("dispatcher.add", [], CancellationToken.None);
            Assert.That((_loop.Current.Step, _loop.Current.Hangs), Is.EqualTo(("work", false)));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        inner.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(new TaskCompletionSource<RpcResult>().Task);
        _ = client.InvokeAsync("dispatcher.list", [], CancellationToken.None);
        _time.Advance(InTime);
        Assert.That((_loop.Current.Step, _loop.Current.Hangs), Is.EqualTo(("call", true)));
    }

    [Test]
    public async Task One_that_hangs_in_a_grace_period_and_a_long_one_that_does_not()
    {
        var end = new TaskCompletionSource<bool>();
        var inner = new WaitingGrace(() => end.Task);

        var wait = new WatchedGrace(inner, _loop, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1)).WaitAsync(CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.That((_loop.Current.Step, _loop.Current.Hangs, _loop.Current.Longest), Is.EqualTo(("grace", false, TimeSpan.FromSeconds(30))));
        end.SetResult(true);
        Assert.That(await wait, Is.True);
        Assert.That(_loop.Current.Step, Is.EqualTo("work"));

        end = new TaskCompletionSource<bool>();
        _ = new WatchedGrace(inner, _loop, TimeSpan.FromSeconds(6), TimeSpan.FromMinutes(1)).WaitAsync(CancellationToken.None).AsTask();
        _time.Advance(InTime);
        Assert.That((_loop.Current.Step, _loop.Current.Hangs), Is.EqualTo(("grace", true)));
    }

    private sealed class WaitingGrace(Func<Task<bool>> end) : IGracePeriod
    {
        public string Mode => "x";

        public void Begin()
        {
        }

        public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => new(end());
    }
}
