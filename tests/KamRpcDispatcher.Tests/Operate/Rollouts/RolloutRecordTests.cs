using System.Text;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Rollouts;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate.Rollouts;

/// <summary>A rollout in etcd.</summary>
public sealed class RolloutRecordTests
{
    [TestCase(true)]
    [TestCase(false)]
    public void What_is_written_is_read_again(bool hadSplit)
    {
        var rollout = CanaryRollout.Of(RolloutPhase.Paused) with { Before = hadSplit ? CanaryRollout.Of().Before : null, Failed = 1, Failures = 3, MinReady = new MinReady(50, IsPercentage: true), IsForced = true };
        var written = RolloutRecord.Write(rollout);

        Assert.That(RolloutRecord.TryRead(1, written, out var read, out var error), error);
        Assert.That(RolloutRecord.Write(read!), Is.EqualTo(written));
        Assert.That((read!.Phase, read.Step, read.Share, read.Failed, read.Failures, read.MinReady, read.IsForced, read.Gate, read.Before is not null), Is.EqualTo((RolloutPhase.Paused, 1, 250, 1, 3, rollout.MinReady, true, "exit 0", hadSplit)));
    }

    [TestCase("""[]""", "not an object")]
    [TestCase("""{"id":"x"}""", "kind: is missing")]
    [TestCase("\"step\":1>\"step\":4", "step: 4 is not one of 4")]
    [TestCase("\"step\":1>\"step\":-1", "step: -1 is not from 0")]
    [TestCase("[5,25,50,100]>[5,25,25,100]", "steps: 25 comes after 25")]
    [TestCase("[5,25,50,100]>[5,101]", "'101' is not a percentage")]
    [TestCase("[5,25,50,100]>[]", "steps: 0 steps")]
    [TestCase("\"canary\">\"green\"", "kind: 'green' is not canary, bluegreen")]
    [TestCase("\"running\">\"eternal\"", "phase: 'eternal' is not running")]
    [TestCase("\"others\":{\"v1\":100}>\"others\":{\"v1\":90}", "together 90, not 100")]
    [TestCase("\"others\":{\"v1\":100}>\"others\":{\"v2\":100}", "the value that is to get the calls is among them")]
    [TestCase("\"to\":\"v2\">\"to\":\"v 2;\"", "is not up to")]
    [TestCase("\"intervalMilliseconds\":60000>\"intervalMilliseconds\":99999999999999", "intervalMilliseconds")]
    [TestCase("\"force\":false>\"force\":7", "force: neither true nor false")]
    public void What_is_wrong_is_named(string change, string expected)
    {
        var text = change.Split('>') is [var old, var other] ? Encoding.UTF8.GetString(RolloutRecord.Write(CanaryRollout.Of())).Replace(old, other, StringComparison.Ordinal) : change;

        Assert.That(RolloutRecord.TryRead(1, Encoding.UTF8.GetBytes(text), out _, out var error), Is.False, text);
        Assert.That(error, Does.Contain(expected));
    }

    [Test]
    public void A_field_of_a_newer_version_is_left_out() =>
        Assert.That(RolloutRecord.TryRead(1, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(RolloutRecord.Write(CanaryRollout.Of())).Replace("{\"id\"", "{\"new\":[1],\"id\"", StringComparison.Ordinal)), out _, out var error), error);
}
