using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// More requests than the workers can take, since each waits for something (a database, say): none of them ever waits for a request. The
/// moment when a new server is needed most.
/// </summary>
public class BlockedWorkersTests
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(ChaosSettings.IsLong ? 120 : 10);

    /// <summary>Each message costs a worker 20 ms: four workers take 200 a second, some 28 calls of seven messages.</summary>
    private static readonly KamailioOptions Waiting = new()
    {
        ExtraConfig = "received_route_mode=1",
        FinalConfig = """
            loadmodule "cfgutils.so"
            event_route[core:msg-received] {
                usleep("20000");
            }
            """,
    };

    [TestCase(40)]
    [TestCase(80)]
    [Category("Matrix")]
    public async Task Structural_changes_go_on_while_every_worker_waits_in_the_middle_of_a_request(int callsPerSecond)
    {
        await using var run = await StructuralChangeRun.StartAsync(Waiting, "--grace", "auto");
        Assert.That(run.Fleet.Dispatcher.Output, Does.Contain("[2100]"), "Kamailio's processes are observed");

        var figures = await run.RunAsync(int.MaxValue, Time, Time, callsPerSecond, TimeSpan.FromMilliseconds(300), abandonsCalls: true);

        await TestContext.Out.WriteLineAsync($"{figures}\ngrace periods: {await run.GraceAsync()}");
        Assert.That(run.Fleet.Kamailio.CrashedBySignal, Is.Null);
        Assert.That(run.Fleet.Dispatcher.Output, Does.Not.Contain("[2102]"), "every grace period came to its end");
        Assert.That(figures.Changes, Is.GreaterThan(10 * Time.TotalSeconds));
    }
}
