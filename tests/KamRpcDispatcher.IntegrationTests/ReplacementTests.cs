using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Kamailio changes no attributes in place: a member with others stands there twice for a moment, and never not at all.</summary>
[Category("Matrix")]
[Parallelizable]
public class ReplacementTests
{
    [TestCase("auto")]
    [TestCase("fixed")]
    public async Task A_set_of_one_member_never_has_none_however_often_its_attributes_change(string grace)
    {
        // With a fixed gap the time between two structural changes is long enough for many calls.
        await using var fleet = await Fleet.StartAsync(options: null, "--grace", grace, "--gap", "200ms", "--change-burst", "0");
        await using var server = await SipServer.StartAsync();
        await PutAsync(fleet, "a", server.Uri, "1");
        await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, server.Uri));

        await using var load = SipLoad.Start(fleet.Kamailio.Sip, calls: 600, perSecond: 100, TimeSpan.FromMilliseconds(100));
        for (var change = 2; load.IsRunning; change++)
        {
            var value = $"note={change};";
            await PutAsync(fleet, "a", server.Uri, change.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await fleet.WaitForListAsync(list => list is [{ Flags: "AP" } only] && (only.Attrs + ";").Contains(value, StringComparison.Ordinal));
        }

        var result = await load.EndAsync();
        await TestContext.Out.WriteLineAsync(result.ToString());
        Assert.Multiple(() =>
        {
            Assert.That(result.Successful, Is.EqualTo(600));
            Assert.That(result.Failed, Is.Zero);
            Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
        });
    }

    [Test]
    public async Task Members_with_attributes_that_Kamailio_refuses_serve_as_before()
    {
        await using var fleet = await Fleet.StartAsync();
        string[] names = ["a", "b", "c"];
        foreach (var (name, number) in names.Select(static (name, index) => (name, index + 1)))
        {
            await fleet.PutUriAsync("1/" + name, $"sip:127.0.4.{number}:5060");
        }

        await fleet.WaitForListAsync(static list => list.Count == 3);
        var before = await fleet.Kamailio.ListAsync();

        foreach (var (name, number) in names.Select(static (name, index) => (name, index + 1)))
        {
            await fleet.PutAsync("1/" + name, $$$"""{"uri":"sip:127.0.4.{{{number}}}:5060","attrs":{"socket":"udp:10.9.9.9:5060"}}""");
        }

        await fleet.Dispatcher.WaitForLineAsync("destinations apart that cannot be put into Kamailio", Fleet.Deadline);
        var after = await fleet.Kamailio.ListAsync();
        Assert.That(after.Select(static entry => (entry.Uri, entry.Attrs)), Is.EquivalentTo(before.Select(static entry => (entry.Uri, entry.Attrs))));
        Assert.That(after.Select(static entry => entry.Flags[0]), Is.All.Not.EqualTo('D'));
    }

    [TestCase("udp")]
    [TestCase("tcp")]
    [TestCase("tls")]
    public async Task Kamailio_takes_both_spellings_of_an_address_for_the_same_place_over_every_transport(string transport)
    {
        RealServers.Require("kamailio");
        await using var kamailio = await OpenKamailio.StartAsync();
        var server = kamailio.Server("jsonrpc+unix");

        // It is its own destination: it answers OPTIONS.
        var port = transport switch
        {
            "udp" => server.Sip.Port,
            "tcp" => new Uri(kamailio.Address("http")).Port,
            _ => new Uri(kamailio.Address("https")).Port,
        };
        string[] uris = [$"sip:127.0.0.1:{port};transport={transport}", $"sip:127.0.0.1:{port};transport={transport};kamrpc"];
        foreach (var uri in uris)
        {
            await server.CallAsync("dispatcher.add", 1, uri, 9);
        }

        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while (!(await server.ListAsync()).All(static entry => entry.Flags == "AP"))
        {
            await Task.Delay(50, deadline.Token);
        }

        await server.CallAsync("dispatcher.set_state", "d", 1, uris[1]);
        await server.CallAsync("dispatcher.remove", 1, uris[0]);
        var left = (await server.ListAsync()).Single();
        Assert.That((left.Uri, left.Flags[0]), Is.EqualTo((uris[1], 'D')));
    }

    private static Task<long> PutAsync(Fleet fleet, string name, string uri, string note) =>
        fleet.PutAsync("1/" + name, $$$"""{"uri":"{{{uri}}}","attrs":{"note":"{{{note}}}"}}""");
}
