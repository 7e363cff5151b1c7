using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

[Parallelizable]
public class CallShareTests
{
    [Test]
    public async Task A_thousand_calls_are_shared_by_three_members_in_equal_parts_and_none_fails()
    {
        await using var fleet = await Fleet.StartAsync();
        var servers = new List<SipServer>();
        try
        {
            for (var i = 1; i <= 3; i++)
            {
                servers.Add(await SipServer.StartAsync());
                await fleet.AnnounceAsync($"sipp-{i}", servers[^1].Uri);
            }

            await fleet.WaitForListAsync(list => servers.All(server => Fleet.IsRoutable(list, server.Uri)));

            var result = await SipLoad.RunAsync(fleet.Kamailio.Sip, calls: 1000, perSecond: 50, TimeSpan.FromSeconds(1));

            await SipServer.CountedAsync(1000, servers);
            await TestContext.Out.WriteLineAsync($"{result}; shares {string.Join(", ", servers.Select(static server => $"{server.Calls / 10.0:0.0} %"))}");
            Assert.Multiple(() =>
            {
                Assert.That(result.Successful, Is.EqualTo(1000));
                Assert.That(result.Failed, Is.Zero);
                Assert.That(servers.Select(static server => server.Calls / 10.0), Is.All.EqualTo(100 / 3.0).Within(2.0), "percent");
                Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
            });
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }
}
