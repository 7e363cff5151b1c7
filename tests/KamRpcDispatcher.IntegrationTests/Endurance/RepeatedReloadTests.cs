using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Endurance;

/// <summary>Somebody reloads the list file again and again (a script of the operator's, another tool), which wipes what was added over RPC.</summary>
public class RepeatedReloadTests
{
    private const int CallsPerSecond = 100;
    private const int Reloads = 4;

    /// <summary>In percent: a reload is noticed within 100 ms, every 3.4 s.</summary>
    private const double MostFailed = 2.5;

    private static readonly TimeSpan BetweenReloads = TimeSpan.FromSeconds(3.4);
    private static readonly TimeSpan CallDuration = TimeSpan.FromMilliseconds(50);

    [Test]
    public async Task A_reload_every_few_seconds_costs_few_calls()
    {
        await using var responder = new SipResponder("127.0.16", 3);
        await using var fleet = await Fleet.StartAsync(new FleetOptions { Kamailio = new KamailioOptions { Workers = 4 }, HasDefaultRemovalDelay = true });
        foreach (var (number, uri) in responder.Uris.Index())
        {
            await fleet.PutUriAsync($"1/m{number}", uri);
        }

        await fleet.WaitForListAsync(list => responder.Uris.All(uri => Fleet.IsRoutable(list, uri)));
        await using var load = SipLoad.Start(fleet.Kamailio.Sip, CallsPerSecond * 20, CallsPerSecond, CallDuration);
        for (var reload = 0; reload < Reloads; reload++)
        {
            await Task.Delay(BetweenReloads);
            await fleet.Kamailio.CallAsync("dispatcher.reload");
        }

        await Task.Delay(BetweenReloads);
        var calls = await load.FinishAsync();

        var failed = 100.0 * calls.Failed / (calls.Failed + calls.Successful);
        await TestContext.Out.WriteLineAsync($"{Reloads} reloads, one every {BetweenReloads.TotalSeconds} s, at {CallsPerSecond} calls/s: {failed:0.0} % failed; calls: {calls}");
        Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
        Assert.That(calls.Successful, Is.GreaterThan(CallsPerSecond * 5), "calls were made");
        Assert.That(failed, Is.LessThanOrEqualTo(MostFailed), $"in percent; {calls}");
    }
}
