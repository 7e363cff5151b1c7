using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Announce.Idle;
using KamRpcDispatcher.Probe;
using NSubstitute;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Announce;

/// <summary>Whether there are calls to wait for.</summary>
public class GracefulShutdownTests
{
    /// <summary>A loaded Asterisk answers OPTIONS with 500, or late, and has calls.</summary>
    [Test]
    public async Task Of_a_server_that_is_down_whoever_counts_its_calls_is_believed([Values(true, false, null)] bool? isIdle)
    {
        var told = new Idleness(isIdle, "3 calls");

        foreach (var death in Enum.GetValues<DeathSign>())
        {
            Assert.That(await GracefulShutdown.CheckAsync(death, Check(counts: true, told), CancellationToken.None), Is.EqualTo(told));
        }
    }

    /// <summary>A command that fails may have found calls, or nobody to ask; of a server that answers it has found calls.</summary>
    [Test]
    public async Task Of_a_server_that_is_down_and_says_nothing_who_does_not_count_is_not_asked()
    {
        var check = Check(counts: false, new Idleness(false, "the command says: exit code 1"));

        Assert.That((await GracefulShutdown.CheckAsync(DeathSign.Silence, check, CancellationToken.None)).IsIdle, Is.Null);
        Assert.That((await GracefulShutdown.CheckAsync(DeathSign.NobodyThere, check, CancellationToken.None)).IsIdle, Is.Null);
        Assert.That((await GracefulShutdown.CheckAsync(DeathSign.Answer, check, CancellationToken.None)).IsIdle, Is.False);
        Assert.That((await GracefulShutdown.CheckAsync(null, check, CancellationToken.None)).IsIdle, Is.False);
        Assert.That((await GracefulShutdown.CheckAsync(DeathSign.Answer, null, CancellationToken.None)).IsIdle, Is.Null);
    }

    private static IIdleCheck Check(bool counts, Idleness told)
    {
        var check = Substitute.For<IIdleCheck>();
        check.Counts.Returns(counts);
        check.CheckAsync(Arg.Any<CancellationToken>()).Returns(told);
        return check;
    }
}
