using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc rollout</c> with two real Kamailios, one of which loses its dispatcher in the middle.</summary>
[Parallelizable]
public sealed class RolloutProxyTests
{
    [Test]
    public async Task A_canary_is_not_done_without_a_proxy_that_had_a_step_of_it_unless_that_is_let_go()
    {
        await using var both = await TwoProxies.StartAsync();
        foreach (var (name, version, host) in new[] { ("a", "v1", 1), ("b", "v2", 2) })
        {
            await both.Fleet.PutAsync("1/" + name, $$$"""{"uri":"sip:127.0.64.{{{host}}}:5060","labels":{"version":"{{{version}}}"}}""");
        }

        await both.CountedAsync(2);
        var runner = both.Fleet.Start(["rollout", "canary", "1", "--label", "version", "--to", "v2", "--steps", "10,100", "--interval", "2s", "--timeout", "3s", "--etcd", both.Fleet.Etcd.Endpoint]);
        await runner.WaitForLineAsync("step 1 of 2, version=v2 10%: applied by p1, p2", Fleet.Deadline);
        both.SecondDispatcher.Kill();

        Assert.That(await runner.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(1), runner.Output);
        Assert.That(runner.Output, Does.Contain("missing p2 ("));
        for (var begun = Stopwatch.GetTimestamp(); !string.IsNullOrEmpty(await both.Fleet.Etcd.GetAsync(both.Fleet.Keys.Proxy("p2"))); await Task.Delay(100))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline));
        }

        var (exitCode, output, errors) = await both.RunAsync("rollout", "promote", "1", "--timeout", "3s");
        Assert.That((exitCode, output), Is.EqualTo((4, string.Empty)), errors);
        Assert.That(errors, Does.Contain("missing p2 (had step 1 and does not report any more: its Kamailio may still route by it)"));

        (exitCode, output, errors) = await both.RunAsync("rollout", "abort", "1", "--timeout", "3s", "--force");
        Assert.That(exitCode, Is.Zero, output + errors);
        Assert.That(errors, Does.Contain("it is not waited for p2, which had step 1"));
    }
}
