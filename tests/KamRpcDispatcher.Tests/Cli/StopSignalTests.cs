using KamRpcDispatcher.Cli.Host;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public class StopSignalTests
{
    [Test]
    public void The_first_signal_stops()
    {
        using var stop = new StopSignal();

        Assert.That(stop.Token.IsCancellationRequested, Is.False);
        stop.Count();
        Assert.That(stop.Token.IsCancellationRequested);
    }

    [Test]
    public void Of_two_signals_the_second_one_hurries()
    {
        using var hurry = new StopSignal(which: 2);

        hurry.Count();
        Assert.That(hurry.Token.IsCancellationRequested, Is.False);
        hurry.Count();
        Assert.That(hurry.Token.IsCancellationRequested);
    }

    [Test]
    public async Task The_first_one_hurries_who_leaves_for_another_reason_already()
    {
        using var leaves = new CancellationTokenSource();
        using var hurry = new StopSignal(which: 2, leaves.Token);

        await leaves.CancelAsync();
        hurry.Count();
        Assert.That(hurry.Token.IsCancellationRequested);
    }
}
