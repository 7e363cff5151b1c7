using KamRpcDispatcher.IntegrationTests.Chaos;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Endurance;

/// <summary>Each way to see Kamailio's processes has to be enough by itself: the other one may not be there.</summary>
[Category("Matrix")]
public class ViewChurnTests
{
    private static int Changes => ChaosSettings.IsLong ? 20_000 : 1_000;

    /// <summary>That of the snippet.</summary>
    private static TableUse Configured => new(false, false, false, false);

    private static int CallsPerSecond => ChaosSettings.IsLong ? 300 : 100;

    /// <summary>The changes are quicker than the calls that are to meet them.</summary>
    private static TimeSpan Shortest => TimeSpan.FromSeconds(ChaosSettings.IsLong ? 60 : 8);

    private static TimeSpan Longest => TimeSpan.FromMinutes(ChaosSettings.IsLong ? 14 : 2);

    [TestCase("syscall")]
    [TestCase("wchan")]
    public async Task Structural_changes_that_one_view_alone_spaces_neither_crash_Kamailio_nor_cost_a_call(string name)
    {
        RealServers.Require("kamailio", "sipp");
        IProcessView view = name == "syscall" ? new SystemCallView() : new WaitChannelView(static () => Configured, TimeProvider.System);
        await using var churn = await ViewChurn.StartAsync(new KamailioOptions { Workers = 4 }, view);

        var figures = await churn.RunAsync(Changes, Shortest, Longest, CallsPerSecond);

        await TestContext.Out.WriteLineAsync($"{name}: {figures}; waits: {churn.Waits}");
        Assert.Multiple(() =>
        {
            Assert.That(churn.Kamailio.CrashedBySignal, Is.Null, KamailioLog.FirstErrors(churn.Kamailio));
            Assert.That(churn.Kamailio.Exited.IsCompleted, Is.False, "Kamailio runs");
            Assert.That(churn.Grace.Mode, Does.Contain(name), "this view was used");
            Assert.That(figures.Changes, Is.GreaterThanOrEqualTo(Changes));
            Assert.That(figures.Calls.Failed, Is.Zero, figures.Calls.Errors);
            Assert.That(KamailioLog.Failovers(churn.Kamailio), Is.Empty, "no call had to be saved by another destination");
            Assert.That(figures.Calls.Successful, Is.GreaterThan(figures.Seconds * CallsPerSecond / 2), "calls were made all along");
        });
    }
}
