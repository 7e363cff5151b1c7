using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>
/// What an operator's list file holds by name, while the name servers fail: Kamailio drops it at every change of its table. Kamailio and
/// the dispatcher ask a name server of the test's.
/// </summary>
[Category("Matrix")]
[Parallelizable]
public class ForeignDestinationTests
{
    private const string Carrier = "sip:gw.test:7001";
    private const string ServiceOnly = "sip:srvonly.test";

    /// <summary>Longer than a good answer counts, so that the next change looks again.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromSeconds(1.5);

    private DnsServer _names = null!;

    [SetUp]
    public void StartNameServer()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("A name server on port 53 and a resolv.conf of one's own take root.");
        }

        _names = DnsServer.Start();
        _names.Set("gw.test", "127.0.0.1");
    }

    [TearDown]
    public void StopNameServer() => _names?.Dispose();

    [TestCase(DnsServer.Behaviour.Fail)]
    [TestCase(DnsServer.Behaviour.Silence)]
    public async Task While_the_name_servers_fail_members_wait_and_the_carrier_stays(DnsServer.Behaviour failure)
    {
        await using var fleet = await StartAsync($"2 {Carrier} 0 7 duid=carrier");
        await fleet.PutUriAsync("1/a", "sip:127.0.1.1:5060");
        await fleet.PutUriAsync("1/b", "sip:127.0.1.2:5060");
        await fleet.WaitForListAsync(static list => list.Count == 3);

        await Task.Delay(Forgotten);
        _names.Mode = failure;
        await fleet.PutUriAsync("1/c", "sip:127.0.1.3:5060");
        await fleet.Dispatcher.WaitForLineAsync("nothing is added or removed", Fleet.Deadline);
        await fleet.DeleteAsync("1/a");
        await fleet.WaitForListAsync(static list =>
        {
            Assert.That(list.Select(static entry => entry.Uri), Has.Member(Carrier));
            return list.Single(static entry => entry.Uri == "sip:127.0.1.1:5060").Flags[0] == 'D';
        });
        await Task.Delay(Forgotten);
        Assert.That((await fleet.Kamailio.ListAsync()).Select(static entry => entry.Uri), Is.EquivalentTo(new[] { Carrier, "sip:127.0.1.1:5060", "sip:127.0.1.2:5060" }));

        _names.Mode = DnsServer.Behaviour.Answer;
        await fleet.WaitForListAsync(static list =>
        {
            AssertCarrier(list);
            return list.Count == 3 && Fleet.IsEnabled(list, "sip:127.0.1.2:5060") && Fleet.IsEnabled(list, "sip:127.0.1.3:5060");
        });
        await fleet.Dispatcher.WaitForLineAsync("No name holds changes back any more", Fleet.Deadline);
        Assert.That(fleet.Dispatcher.Output, Does.Not.Contain("is gone"));
    }

    [TestCase(DnsServer.Behaviour.Fail)]
    [TestCase(DnsServer.Behaviour.Silence)]
    public async Task A_member_whose_set_has_nobody_is_added_and_the_carrier_put_back_as_it_was(DnsServer.Behaviour failure)
    {
        await using var fleet = await StartAsync($"2 {Carrier} 0 7 duid=carrier;rweight=30");
        var before = (await fleet.Kamailio.ListAsync()).Single();
        _names.Mode = failure;
        await Task.Delay(Forgotten);

        await fleet.PutUriAsync("1/a", "sip:127.0.1.1:5060");
        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.1.1:5060"));
        await fleet.Dispatcher.WaitForLineAsync("is added although", Fleet.Deadline);
        await fleet.Dispatcher.WaitForLineAsync("Set 2: sip:gw.test:7001 (duid=carrier;rweight=30), which others put there, is gone", Fleet.Deadline);

        _names.Mode = DnsServer.Behaviour.Answer;
        await fleet.WaitForListAsync(static list => list.Count == 2);
        await fleet.Dispatcher.WaitForLineAsync("which was lost, is there again", Fleet.Deadline);
        Assert.That((await fleet.Kamailio.ListAsync()).Single(static entry => entry.Set == 2), Is.EqualTo(before));
    }

    [Test]
    public async Task Names_as_Docker_gives_them_are_taken_and_one_of_Kamailios_own_is_not()
    {
        _names.Set("shop_asterisk_1", "127.0.0.1");
        await using var fleet = await StartAsync("2 sip:127.0.0.9:5060 0 0 x=y");
        await fleet.PutUriAsync("1/self", $"sip:shop_asterisk_1:{fleet.Kamailio.Sip.Port}");
        await fleet.PutUriAsync("1/docker", "sip:shop_asterisk_1:7005");

        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:shop_asterisk_1:7005"));
        await fleet.Dispatcher.WaitForLineAsync("the address 127.0.0.1 of shop_asterisk_1 is Kamailio's own", Fleet.Deadline);
        Assert.That(await fleet.Kamailio.ListAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task What_never_had_an_address_holds_nobody_back_and_is_put_back_without_a_look_up()
    {
        await using var fleet = await StartAsync($"3 {ServiceOnly} 16 5 duid=srv");
        await fleet.PutUriAsync("1/a", "sip:127.0.1.1:5060");
        await fleet.WaitForListAsync(static list => list.Count == 2);

        // As a ping would: every change of state clears the flag that cannot be seen.
        await fleet.Kamailio.CallAsync("dispatcher.set_state", "a", 3, ServiceOnly);
        await fleet.PutUriAsync("1/b", "sip:127.0.1.2:5060");
        await fleet.Dispatcher.WaitForLineAsync("Set 3: sip:srvonly.test (duid=srv), which others put there, is gone", Fleet.Deadline);

        await fleet.WaitForListAsync(static list => list.Count == 3);
        var back = (await fleet.Kamailio.ListAsync()).Single(static entry => entry.Set == 3);
        Assert.That((back.Uri, back.Priority, back.Attrs, back.Flags[0]), Is.EqualTo((ServiceOnly, 5, "duid=srv", 'A')));
    }

    [Test]
    public async Task A_carrier_that_an_operator_removes_stays_removed()
    {
        await using var fleet = await StartAsync($"2 {Carrier} 0 7 duid=carrier", "2 sip:127.0.0.9:7001 0 6 duid=other");
        await fleet.Kamailio.CallAsync("dispatcher.remove", 2, Carrier);
        await Task.Delay(Forgotten);

        await fleet.PutUriAsync("1/a", "sip:127.0.1.1:5060");
        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.1.1:5060"));
        await Task.Delay(Forgotten);
        Assert.That((await fleet.Kamailio.ListAsync()).Select(static entry => entry.Uri), Is.EquivalentTo(new[] { "sip:127.0.0.9:7001", "sip:127.0.1.1:5060" }));
    }

    [Test]
    public async Task What_would_be_refused_is_not_sent()
    {
        await using var fleet = await StartAsync();
        await fleet.PutAsync("1/name", "{\"uri\":\"sip:none.test:5060\"}");
        await fleet.PutAsync("1/socket", "{\"uri\":\"sip:127.0.1.1:5060\",\"attrs\":{\"socket\":\"udp:10.9.9.9:5060\"}}");
        await fleet.PutAsync("1/good", $"{{\"uri\":\"sip:127.0.1.2:5060\",\"attrs\":{{\"socket\":\"udp:{fleet.Kamailio.Sip}\"}}}}");

        await fleet.Dispatcher.WaitForLineAsync("sip:none.test:5060 is not added: Kamailio takes only what it can resolve", Fleet.Deadline);
        await fleet.Dispatcher.WaitForLineAsync($"socket=udp:10.9.9.9:5060 is none of the sockets on which Kamailio listens (udp:{fleet.Kamailio.Sip}", Fleet.Deadline);
        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.1.2:5060"));
        Assert.That(fleet.Kamailio.Output, Does.Not.Contain("unable to add destination"));
    }

    private static void AssertCarrier(IReadOnlyList<FakeDestination> list)
    {
        var carrier = list.SingleOrDefault(static entry => entry.Uri == Carrier);
        Assert.That((carrier?.Priority, carrier?.Attrs), Is.EqualTo(((int?)7, "duid=carrier")));
    }

    /// <summary>Kamailio forgets failures after a second, where its default is a minute; nobody is pinged, which would change states.</summary>
    private Task<Fleet> StartAsync(params string[] listFile) => Fleet.StartAsync(new KamailioOptions
    {
        ResolverFile = _names.ResolverFile,
        ListFileLines = listFile,
        PingInterval = TimeSpan.Zero,
        ExtraConfig = "dns_cache_negative_ttl=1\ndns_use_search_list=no\n",
    });
}
