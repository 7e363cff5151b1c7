using KamRpcDispatcher.Cli.Host;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public class SecondStopSignalTests
{
    [Test]
    public void Of_two_signals_the_second_one_hurries()
    {
        using var hurry = new SecondStopSignal(CancellationToken.None);

        hurry.Count();
        Assert.That(hurry.Token.IsCancellationRequested, Is.False);
        hurry.Count();
        Assert.That(hurry.Token.IsCancellationRequested);
    }

    [Test]
    public async Task The_first_one_hurries_who_leaves_for_another_reason_already()
    {
        using var leaves = new CancellationTokenSource();
        using var hurry = new SecondStopSignal(leaves.Token);

        await leaves.CancelAsync();
        hurry.Count();
        Assert.That(hurry.Token.IsCancellationRequested);
    }
}
