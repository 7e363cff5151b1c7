using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc health</c> and <c>kamrpc proxy</c>, with a real etcd and real Kamailios.</summary>
[Parallelizable]
public sealed class HealthTests
{
    private const string A = "sip:127.0.62.1:5060";

    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task A_drained_proxy_is_not_healthy_and_routes_as_before_whatever_is_restarted_until_it_is_resumed()
    {
        await using var both = await TwoProxies.StartAsync("--reply-dir", _folder.File("d"));
        await both.AnnounceAsync(("a", A));
        Assert.That(await HealthAsync(both.Fleet, "d"), Does.StartWith("0 healthy: Kamailio answers, is in step, and has somebody to route to in set 1"));

        var output = await both.DoneAsync("proxy", "drain", "p1", "--reason", "new disk", "--as", "ops@host");
        Assert.That(output, Does.Match(@"\n +p1 +drain +reporting +yes\n"));
        Assert.That(await HealthAsync(both.Fleet, "d"), Does.Match(@"^1 NOT healthy: ops@host drained this proxy \d+s ago \(new disk\)"), "it was said to be done");
        Assert.That(await both.AreBothAsync(static list => Fleet.IsRoutable(list, A)), Is.True, "nothing changes in Kamailio");
        Assert.That((await Kamrpc.RunAsync("status", "--etcd", both.Fleet.Etcd.Endpoint, "--ignore", "two-proxies-on-one-host")).Output, Does.Match(@"p1 +\S+ +drained ").And.Match(@"p1 +yes +ops@host +\d+s +new disk"));
        Assert.That((await both.RunAsync("proxy", "drain", "p2")).ExitCode, Is.EqualTo(4));

        both.Fleet.Dispatcher.Signal(UnixSignals.Terminate);
        await both.Fleet.Dispatcher.Exited.WaitAsync(Fleet.Deadline);
        Assert.That(await HealthAsync(both.Fleet, "d"), Does.StartWith("1 NOT healthy: ops@host drained this proxy"), "etcd knows it where no dispatcher runs");
        both.Fleet.StartDispatcher();
        await both.Fleet.Dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);
        Assert.That(await HealthAsync(both.Fleet, "d"), Does.StartWith("1 NOT healthy: ops@host drained this proxy"));

        // From what was saved.
        await both.Fleet.Etcd.StopAsync();
        both.Fleet.Dispatcher.Kill();
        await both.Fleet.Dispatcher.Gone;
        both.Fleet.StartDispatcher();
        await both.Fleet.Dispatcher.WaitForLineAsync("etcd has not told its members", Fleet.Deadline);
        await HealthAsync(both.Fleet, "d", static told => told.StartsWith("1 NOT healthy: ops@host drained this proxy", StringComparison.Ordinal));
        await both.Fleet.Etcd.StartAgainAsync();

        await both.DoneAsync("proxy", "resume", "p1", "--as", "ops@host");
        Assert.That(await HealthAsync(both.Fleet, "d"), Does.StartWith("0 healthy: "));
        Assert.That(await both.Fleet.Etcd.GetAsync("/kamrpc/default/intents/proxies/p1"), Is.Null.Or.Empty);
    }

    [Test]
    public async Task What_stops_routing_makes_it_fail_and_what_does_not_does_not()
    {
        await using var fleet = await Fleet.StartAsync(options: null, "--reply-dir", _folder.File("o"));
        await fleet.PutUriAsync("1/a", A);
        await fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, A));
        await HealthAsync(fleet, "o", IsHealthy);

        await fleet.Etcd.StopAsync();
        await fleet.Dispatcher.WaitForLineAsync("cannot be followed", Fleet.Deadline);
        Assert.That(await HealthAsync(fleet, "o"), Does.StartWith("0 healthy: ").And.Contain("; etcd cannot be followed for "));

        fleet.Dispatcher.Kill();
        await fleet.Dispatcher.Gone;
        Assert.That(await HealthAsync(fleet, "o"), Does.StartWith("0 healthy: Kamailio answers, and has somebody to route to in set 1; seen now, by Kamailio's list alone").And.Contain("was killed").And.Contain("is not known: etcd"));
        Assert.That(await HealthAsync(fleet, "o", "--strict"), Does.StartWith("1 NOT healthy: no dispatcher runs"));

        await fleet.Kamailio.StopAsync();
        Assert.That(await HealthAsync(fleet, "o"), Does.StartWith("1 NOT healthy: Kamailio does not listen"));

        await fleet.Etcd.StartAgainAsync();
        fleet.StartDispatcher();
        await fleet.Kamailio.StartAgainAsync();
        await HealthAsync(fleet, "o", IsHealthy);

        await fleet.Kamailio.StopAsync();
        await HealthAsync(fleet, "o", static told => told.StartsWith("1 NOT healthy: Kamailio does not answer", StringComparison.Ordinal));
        await fleet.Kamailio.StartAgainAsync();
        await HealthAsync(fleet, "o", IsHealthy);

        await fleet.PutAsync("1/a", $$"""{"uri":"{{A}}","state":"down"}""");
        await HealthAsync(fleet, "o", static told => told.StartsWith("1 NOT healthy: nobody to route to in set 1", StringComparison.Ordinal));
        await fleet.PutUriAsync("1/a", A);
        await HealthAsync(fleet, "o", IsHealthy);
        await fleet.DeleteAsync("1/a");
        await HealthAsync(fleet, "o", static told => told.StartsWith("1 NOT healthy: nobody to route to in set 1", StringComparison.Ordinal));
    }

    private static bool IsHealthy(string told) => told.StartsWith("0 healthy: Kamailio answers, is in step, and has somebody", StringComparison.Ordinal);

    /// <summary>Asks until it is so: Kamailio is lost, or a set empty, within seconds.</summary>
    private async Task HealthAsync(Fleet fleet, string directory, Func<string, bool> condition)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            var told = await HealthAsync(fleet, directory);
            if (condition(told))
            {
                return;
            }

            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), $"{told}\n{fleet.Dispatcher.Output}");
        }
    }

    /// <summary>The exit code and the line.</summary>
    private async Task<string> HealthAsync(Fleet fleet, string directory, params string[] options)
    {
        // The machine of the tests may be slow: the runtime is started each time.
        var (exitCode, output, errors) = await Kamrpc.RunAsync(["health", "--proxy", "p1", "--etcd", fleet.Etcd.Endpoint, "--kamailio", fleet.Kamailio.RpcAddress, "--reply-dir", _folder.File(directory), "--timeout", "6s", .. options]);
        Assert.That(errors, Is.Empty);
        return FormattableString.Invariant($"{exitCode} {output}");
    }
}
