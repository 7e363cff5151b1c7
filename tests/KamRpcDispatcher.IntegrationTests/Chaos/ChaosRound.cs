using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>One round: members change under calls while something goes wrong; then all is looked at; then the members leave.</summary>
internal sealed class ChaosRound(ChaosFleet fleet, IReadOnlyList<Disturbance> disturbances, Random random, int callsPerSecond)
{
    /// <summary>How long calls are made where the disturbance itself stops calls.</summary>
    private const int CallsAfterwardsSeconds = 2;

    private static readonly TimeSpan ChurnTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaseDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CallDuration = TimeSpan.FromMilliseconds(300);

    /// <summary>The wait before a removal, on top of what equality may take.</summary>
    public static readonly TimeSpan RemovalDelay = TimeSpan.FromSeconds(2);

    public async Task RunAsync(int number)
    {
        var seeds = disturbances.Select(_ => random.Next()).ToList();
        var (churning, changes, operations) = (new Random(random.Next()), fleet.Counter.Count, fleet.Churn.Operations);
        await TestContext.Out.WriteAsync($"{number}: {string.Join(" + ", disturbances.Select(static disturbance => disturbance.Name))}: ");
        var failovers = fleet.Checks.Failovers();
        await using var load = Calls(60);
        foreach (var (disturbance, seed) in disturbances.Zip(seeds).Where(static pair => pair.First.NeedsQuiet))
        {
            await fleet.Checks.QuietAsync(Quiet);
            await disturbance.Happen(fleet, new Random(seed));
        }

        await Task.WhenAll(
            [fleet.Churn.RunAsync(churning, ChurnTime), .. disturbances.Zip(seeds).Where(static pair => !pair.First.NeedsQuiet).Select(pair => HappenAsync(pair.First, new Random(pair.Second)))]);
        await fleet.Checks.LeasesEndAsync(LeaseDeadline);
        var equal = await fleet.Checks.ConvergeAsync(Deadline, leavingMayStay: true);
        var calls = await EndCallsAsync(load, failovers);
        await fleet.Churn.EmptyAsync();
        var emptied = await fleet.Checks.ConvergeAsync(Deadline + RemovalDelay, leavingMayStay: false);
        await UndoAsync();
        fleet.AssertNothingDied();
        await TestContext.Out.WriteLineAsync(
            $"{fleet.Churn.Operations - operations} operations, {fleet.Counter.Count - changes} structural changes, equal to etcd after {equal.TotalMilliseconds:0} ms, emptied after {emptied.TotalMilliseconds:0} ms; {calls}");
    }

    /// <summary>In the middle of the changes, not before they have begun.</summary>
    private async Task HappenAsync(Disturbance disturbance, Random itsRandom)
    {
        await Task.Delay(itsRandom.Next((int)ChurnTime.TotalMilliseconds / 2));
        await disturbance.Happen(fleet, itsRandom);
    }

    /// <summary>
    /// No call may fail. Where calls cannot get through because Kamailio itself is down they are counted and not judged, and others are made
    /// afterwards, which are.
    /// </summary>
    private async Task<string> EndCallsAsync(RunningSipLoad load, int failovers)
    {
        var aside = "";
        SipLoadResult judged;
        if (disturbances.Any(static disturbance => disturbance.StopsCalls))
        {
            aside = $"; not judged, Kamailio was down, overloaded or out of memory: {await load.AbandonAsync()}";
            await fleet.Checks.RoutableAsync(Deadline);
            await using var afterwards = Calls(CallsAfterwardsSeconds);
            judged = await afterwards.EndAsync();
        }
        else
        {
            judged = await load.FinishAsync();
            Assert.That(KamailioLog.Failovers(fleet.Kamailio).Skip(failovers), Is.Empty, "every member answers, so no call needs another");
        }

        Assert.That(judged.Successful, Is.GreaterThan(callsPerSecond), $"calls were made: {judged}");
        Assert.That(judged.Failed, Is.Zero, $"every member answers: {judged}\n{judged.Errors}");
        return $"calls: {judged}{aside}";
    }

    private async Task UndoAsync()
    {
        foreach (var undo in disturbances.Select(static disturbance => disturbance.Undo).OfType<Func<ChaosFleet, Task>>())
        {
            await fleet.Checks.QuietAsync(Quiet);
            await undo(fleet);
            await fleet.Checks.ConvergeAsync(Deadline + RemovalDelay, leavingMayStay: false);
        }
    }

    private RunningSipLoad Calls(int seconds) =>
        SipLoad.Start(fleet.Kamailio.Sip, callsPerSecond * seconds, callsPerSecond, CallDuration, SipLoadLimits.Endurance);
}
