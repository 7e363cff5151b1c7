using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// Kamailio frees a table of destinations that its SIP workers may still be reading, at the second structural change (up to 6.1). The
/// dispatcher makes its changes so that this never happens; the last test here shows what happens otherwise.
/// </summary>
public class StructuralChangeTests
{
    private const int Attempts = 4;

    /// <summary>Pings and transactions that are under way at the moment of a reading.</summary>
    private const int MemoryNoise = 512 * 1024;

    private static readonly TimeSpan CallDuration = TimeSpan.FromMilliseconds(300);

    private static int Changes => ChaosSettings.IsLong ? 100_000 : 2_000;

    private static int CallsPerSecond => ChaosSettings.IsLong ? 300 : 100;

    /// <summary>The changes are quicker than the calls that are to meet them.</summary>
    private static TimeSpan Shortest => TimeSpan.FromSeconds(10);

    private static TimeSpan Longest => ChaosSettings.IsLong ? ChaosSettings.LongTime : TimeSpan.FromMinutes(2);

    [Test]
    [Category("Matrix")]
    public async Task Thousands_of_structural_changes_under_calls_on_a_busy_machine_neither_crash_Kamailio_nor_cost_a_call()
    {
        await using var run = await StructuralChangeRun.StartAsync("--grace", "auto");
        Assert.That(run.Fleet.Dispatcher.Output, Does.Contain("[2100]"), "Kamailio's processes are observed");
        var before = (await run.Fleet.Kamailio.SharedMemoryAsync()).Used;

        var processes = Processes(await run.Fleet.Kamailio.CallAsync("core.psx"));
        var figures = await run.RunAsync(Changes, Shortest, Longest, CallsPerSecond, CallDuration);

        await TestContext.Out.WriteLineAsync($"{figures}\ngrace periods: {await run.GraceAsync()}");
        var bound = before + ((long)MemoryWatch.LeakPerChange * run.Counter.Count) + MemoryNoise;
        Assert.Multiple(() =>
        {
            Assert.That(run.Fleet.Kamailio.CrashedBySignal, Is.Null, $"{processes}\n{KamailioLog.FirstErrors(run.Fleet.Kamailio)}");
            Assert.That(run.Fleet.Kamailio.Exited.IsCompleted, Is.False, "Kamailio runs");
            Assert.That(figures.Changes, Is.GreaterThanOrEqualTo(Changes));
            Assert.That(figures.Calls.Failed, Is.Zero, $"every member answers, so none may fail\n{figures.Calls.Errors}");
            Assert.That(KamailioLog.Failovers(run.Fleet.Kamailio), Is.Empty, "no call had to be saved by another member");
            Assert.That(figures.Calls.Successful, Is.GreaterThan(figures.Seconds * CallsPerSecond / 2), "calls were made all along");
        });
        var used = await run.SharedMemoryBelowAsync(bound);
        await TestContext.Out.WriteLineAsync($"shared memory {before} -> {used} bytes, {(double)(used - before) / run.Counter.Count:0} a change");
        Assert.That(used, Is.LessThanOrEqualTo(bound));
    }

    /// <summary>Which process is which: a crash names its process id only.</summary>
    private static string Processes(System.Text.Json.JsonElement psx) =>
        string.Join(", ", psx.EnumerateArray().Select(static process => $"{process.GetProperty("PID")} {process.GetProperty("DSC")}"));

    /// <summary>The proof that the test above can fail. Corrupted memory makes Kamailio hang at times instead of crash: then once more.</summary>
    [Test]
    public async Task Without_a_grace_period_the_same_crashes_Kamailio()
    {
        string? crash = null;
        for (var attempt = 1; attempt <= Attempts && crash is null; attempt++)
        {
            crash = await CrashAsync();
        }

        Assert.That(crash, Does.Contain("exited by a signal 11").Or.Contains("exited by a signal 6"));
    }

    /// <summary>One try without a grace period; answers Kamailio's words on its end, null when it only hung.</summary>
    private static async Task<string?> CrashAsync()
    {
        await using var run = await StructuralChangeRun.StartAsync("--grace", "none");
        try
        {
            var figures = await run.RunAsync(int.MaxValue, TimeSpan.Zero, TimeSpan.FromSeconds(60), perSecond: 500, CallDuration);
            await TestContext.Out.WriteLineAsync($"{figures}; {run.Fleet.Kamailio.CrashedBySignal}");
        }
        catch (TimeoutException)
        {
            await TestContext.Out.WriteLineAsync($"{run.Counter.Count} structural changes, then no answer; {run.Fleet.Kamailio.CrashedBySignal}");
        }

        return run.Fleet.Kamailio.CrashedBySignal;
    }
}
