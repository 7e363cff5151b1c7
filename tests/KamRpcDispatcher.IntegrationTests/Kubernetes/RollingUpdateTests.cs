using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Kubernetes;

/// <summary>A rolling update of a Deployment of 6, as the endpoints show it: a new pod becomes ready, an old one terminates, and goes when its calls have ended.</summary>
public class RollingUpdateTests
{
    private const int Replicas = 6;
    private const int PerSecond = 100;
    private const int Calls = 2000;
    private static readonly TimeSpan CallDuration = TimeSpan.FromSeconds(1);

    /// <summary>So long an answer that was lost is asked for again, by the caller and by Kamailio: nothing that ends before has answered.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1.2);

    [Test]
    public async Task No_call_fails_while_a_Deployment_of_6_is_rolled_under_100_calls_a_second()
    {
        var (old, young) = (await StartServersAsync(), await StartServersAsync());
        try
        {
            await using var fleet = await KubernetesFleet.StartAsync(store =>
            {
                for (var pod = 0; pod < Replicas; pod++)
                {
                    Put(store, $"old-{pod}", old[pod], SliceText.Ready);
                }
            });
            await fleet.WaitForListAsync(list => old.All(server => Fleet.IsRoutable(list, server.Uri)));
            await using var load = SipLoad.Start(fleet.Kamailio.Sip, Calls, PerSecond, CallDuration);
            for (var pod = 0; pod < Replicas; pod++)
            {
                var (leaver, comer) = (old[pod], young[pod]);
                Put(fleet.Api.Store, $"young-{pod}", comer, SliceText.NotReady);
                await Task.Delay(TimeSpan.FromMilliseconds(200));
                Put(fleet.Api.Store, $"young-{pod}", comer, SliceText.Ready);
                await comer.WaitForAsync(static server => server.Calls > 0, Fleet.Deadline);
                Put(fleet.Api.Store, $"old-{pod}", leaver, SliceText.Terminating);
                await leaver.WaitForAsync(static server => server.Up == 0, Fleet.Deadline);

                // Its process ends first, and then its endpoint goes.
                await Task.Delay(Linger);
                await leaver.StopAsync();
                fleet.Api.Store.Delete("voice", $"old-{pod}");
            }

            await fleet.WaitForListAsync(list => list.Count(static entry => entry.Set == 1) == Replicas);
            var result = await load.EndAsync();
            TestContext.Out.WriteLine($"rolling update of {Replicas} under {PerSecond} calls/s: {result}; the old ones had {old.Sum(static server => server.Calls)} calls, the new ones {young.Sum(static server => server.Calls)}");

            Assert.That((result.Successful, result.Failed), Is.EqualTo((Calls, 0)), result.Errors);
            Assert.That(young.Select(static server => server.Calls), Is.All.Positive);
        }
        finally
        {
            foreach (var server in old.Concat(young))
            {
                await server.DisposeAsync();
            }
        }
    }

    private static async Task<List<SipServer>> StartServersAsync()
    {
        var servers = new List<SipServer>();
        for (var number = 0; number < Replicas; number++)
        {
            servers.Add(await SipServer.StartAsync());
        }

        return servers;
    }

    /// <summary>A slice of its own for each pod: its port is one of its own, as a named port of a pod may be.</summary>
    private static void Put(SliceStore store, string pod, SipServer server, Func<string, string, System.Text.Json.Nodes.JsonObject> endpoint)
    {
        var slice = SliceText.Slice("asterisk", pod, endpoint(pod, "127.0.0.1"));
        slice["ports"]![0]!["port"] = int.Parse(server.Uri[(server.Uri.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
        store.Put(slice);
    }
}
