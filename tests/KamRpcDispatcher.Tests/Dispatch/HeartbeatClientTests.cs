using KamailioRpc;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Tests.Etcd;
using NSubstitute;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

public class HeartbeatClientTests
{
    [Test]
    public async Task A_cycle_of_many_calls_is_alive_and_one_that_hangs_in_a_call_is_not()
    {
        var step = TimeSpan.FromSeconds(30);
        var time = new ObservedTime();
        var heartbeat = new Heartbeat(time);
        var inner = Substitute.For<IRpcClient>();
        await using var client = new HeartbeatClient(inner, heartbeat, step);
        for (var call = 0; call < 100; call++)
        {
            await client.InvokeAsync("dispatcher.add", [], CancellationToken.None);
            time.Advance(step);
            Assert.That(heartbeat.IsOverdue, Is.False);
        }

        inner.InvokeAsync(default!, default!, default).ReturnsForAnyArgs(new TaskCompletionSource<RpcResult>().Task);
        _ = client.InvokeAsync("dispatcher.list", [], CancellationToken.None);
        time.Advance(step + Heartbeat.Slack + TimeSpan.FromSeconds(1));
        Assert.That(heartbeat.IsOverdue, Is.True);
    }
}
