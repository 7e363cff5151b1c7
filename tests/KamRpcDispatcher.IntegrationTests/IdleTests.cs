using KamRpcDispatcher.IntegrationTests.Fleets;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What the daemon costs while nothing changes.</summary>
public class IdleTests
{
    private const int Members = 100;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(10);

    [Test]
    public async Task A_dispatcher_that_has_nothing_to_do_loops_nowhere()
    {
        await using var fleet = await Fleet.StartAsync();
        for (var i = 1; i <= Members; i++)
        {
            await fleet.PutUriAsync($"1/m{i}", $"sip:127.0.1.{i}:5060");
        }

        await fleet.WaitForListAsync(static list => list.Count == Members);
        await Task.Delay(WarmUp);
        var before = ProcessorTime(fleet.Dispatcher.Pid);
        await Task.Delay(Measured);
        var used = ProcessorTime(fleet.Dispatcher.Pid) - before;

        await TestContext.Out.WriteLineAsync($"{Members} members, nothing changes: {used.TotalMilliseconds:0} ms of processor time in {Measured.TotalSeconds} s, {used / Measured:0.00 %}");

        // A look at the list each second costs 6 ms; in the first minutes the runtime still compiles what it finds to be in use.
        Assert.That(used / Measured, Is.LessThan(0.2));
    }

    private static TimeSpan ProcessorTime(int pid)
    {
        using var process = System.Diagnostics.Process.GetProcessById(pid);
        return process.TotalProcessorTime;
    }
}
