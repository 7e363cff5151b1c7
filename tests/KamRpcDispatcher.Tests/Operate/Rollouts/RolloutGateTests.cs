using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Running;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate.Rollouts;

/// <summary>What a gate says.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class RolloutGateTests
{
    [TestCase("exit 0", RolloutEvent.GatePassed, "yes")]
    [TestCase("echo too many errors >&2; exit 1", RolloutEvent.GateFailed, "no: too many errors")]
    [TestCase("exit 75", RolloutEvent.GateUndecided, "undecided")]
    [TestCase("exit 2", RolloutEvent.GateBroken, "exit code 2")]
    [TestCase("/no/such/command", RolloutEvent.GateBroken, "exit code 127 (not found)")]
    [TestCase("/etc/passwd", RolloutEvent.GateBroken, "exit code 126 (not executable)")]
    public async Task Its_exit_code_says_it(string gate, RolloutEvent expected, string text)
    {
        var (what, said) = await RolloutGate.AskAsync(CanaryRollout.Of() with { Gate = gate }, CancellationToken.None);

        Assert.That(what, Is.EqualTo(expected), said);
        Assert.That(said, Does.Contain(text));
    }

    [Test]
    public async Task What_it_is_about_stands_in_its_environment()
    {
        var (_, said) = await RolloutGate.AskAsync(CanaryRollout.Of() with { Gate = "echo $KAMRPC_SET $KAMRPC_STEP $KAMRPC_SHARE $KAMRPC_LABEL $KAMRPC_TO; exit 1" }, CancellationToken.None);

        Assert.That(said, Is.EqualTo("the gate says no: 1 2 25 version v2"));
    }

    [Test]
    public async Task One_that_hangs_is_ended_and_cannot_be_asked()
    {
        var (what, said) = await RolloutGate.AskAsync(CanaryRollout.Of() with { Gate = "sleep 600", GateTimeout = TimeSpan.FromMilliseconds(200) }, CancellationToken.None);

        Assert.That((what, said), Is.EqualTo((RolloutEvent.GateBroken, "the gate did not end within 200ms")));
    }
}
