using KamRpcDispatcher.Cli.Rollouts;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Tests.Operate.Rollouts;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What is said when nobody runs a rollout here any more.</summary>
public sealed class RolloutEndTests
{
    [TestCase(true, ", and nobody runs it: 'kamrpc rollout resume 1' goes on, from anywhere, ")]
    [TestCase(false, ", and nobody runs it, though etcd may name this process for some ten seconds more: 'kamrpc rollout resume 1' goes on then, from anywhere, ")]
    public void That_nobody_runs_it_is_so_in_etcd_or_is_said_to_be_so_soon(bool isFree, string expected)
    {
        var paused = new RolloutView(1, 50, CanaryRollout.Of() with { Phase = RolloutPhase.Paused });

        Assert.That(RolloutEnd.Of(paused, isMine: true, isLost: false, isFree, state: null), Does.StartWith("paused at ").And.Contain(expected));
        Assert.That(RolloutEnd.Of(paused, isMine: true, isLost: true, isFree: false, state: null), Is.EqualTo("somebody else runs it by now: 'kamrpc rollout status 1'"));
    }
}
