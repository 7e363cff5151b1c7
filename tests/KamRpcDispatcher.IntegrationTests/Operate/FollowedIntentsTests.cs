using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary>What operators wish in a real etcd is in force in a real Kamailio, over restarts of everything, and where it may not be read nothing else suffers.</summary>
public sealed class FollowedIntentsTests
{
    private const string Intents = "/kamrpc/default/intents/";
    private const string Members = "/kamrpc/default/members/";
    private const string Drain = """{"drain":true,"by":"ops@host","at":"2026-01-31T12:00:00Z","reason":"kernel update"}""";
    private const string One = "sip:127.0.0.1:7001";
    private const string Two = "sip:127.0.0.1:7002";

    private TemporaryFolder _folder = null!;
    private Fleet _fleet = null!;

    [SetUp]
    public void MakeFolder()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        _folder = new TemporaryFolder();
    }

    [TearDown]
    public async Task StopFleet()
    {
        await (_fleet?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [Test]
    public async Task A_drain_is_reported_with_its_revision_when_it_is_in_force_and_so_is_its_end()
    {
        await StartAsync();
        var reports = new Reports(_fleet.Store);
        await reports.WaitAsync(static status => status.Applies.Contains(IntentsProgress.Kind));

        var drained = await _fleet.Etcd.PutAsync(Intents + "1/a", Drain);
        await reports.WaitAsync(status => status.Intents is { } intents && intents.Revision >= drained && intents.Silenced >= drained, within: TimeSpan.FromSeconds(2));
        Assert.That((await FlagAsync(One), await FlagAsync(Two)), Is.EqualTo(('D', 'A')));
        await _fleet.Dispatcher.WaitForLineAsync("gets no more calls: drained by ops@host: kernel update", Fleet.Deadline);

        var resumed = await _fleet.Etcd.DeleteAsync(Intents + "1/a");
        await reports.WaitAsync(status => status.Intents?.Revision >= resumed, within: TimeSpan.FromSeconds(2));
        Assert.That(await FlagAsync(One), Is.EqualTo('A'));
        await _fleet.Dispatcher.WaitForLineAsync("gets calls again: no operator drains it any more", Fleet.Deadline);
    }

    [Test]
    public async Task A_drain_lasts_over_restarts_of_the_dispatcher_of_Kamailio_and_of_etcd_and_in_none_of_them_it_gets_calls_for_a_moment()
    {
        await StartAsync();
        var drained = await _fleet.Etcd.PutAsync(Intents + "1/a", Drain);
        await new Reports(_fleet.Store).WaitAsync(status => status.Intents?.Silenced >= drained);

        // Etcd answers.
        await _fleet.Dispatcher.DisposeAsync();
        await _fleet.Kamailio.StopAsync();
        await _fleet.Kamailio.StartAgainAsync();
        _fleet.StartDispatcher();
        Assert.That(await EverActiveUntilAsync(Two), Is.False);

        // It does not: what was saved stands in.
        await _fleet.Dispatcher.DisposeAsync();
        await _fleet.Etcd.StopAsync();
        await _fleet.Kamailio.StopAsync();
        await _fleet.Kamailio.StartAgainAsync();
        _fleet.StartDispatcher();
        Assert.That(await EverActiveUntilAsync(Two), Is.False);

        await _fleet.Etcd.StartAgainAsync();
        var resumed = await _fleet.Etcd.DeleteAsync(Intents + "1/a");
        await new Reports(_fleet.Store).WaitAsync(status => status.Intents?.Revision >= resumed);
        Assert.That(await FlagAsync(One), Is.EqualTo('A'));
    }

    [Test]
    public async Task A_role_that_may_not_read_intents_follows_the_members_says_so_and_follows_intents_as_soon_as_it_may()
    {
        var password = await EtcdUsers.WritePasswordAsync(_folder, "secret");
        _fleet = await Fleet.StartAsync(new FleetOptions { Dispatch = ["--etcd-user", "dispatcher", "--etcd-password-file", password] });
        await EtcdUsers.AddAsync(_fleet.Etcd, "dispatcher", "secret", [.. EtcdUsers.DispatcherPermissions("default", "p1").Where(static permission => !permission.Contains("intents", StringComparison.Ordinal))]);
        await EtcdUsers.EnableAsync(_fleet.Etcd);

        // What it once knew would stay in force.
        await _fleet.Dispatcher.DisposeAsync();
        await _fleet.Etcd.PutAsync(Intents + "1/a", Drain);
        await _fleet.Etcd.PutAsync(Members + "1/a", Record(One));
        _fleet.StartDispatcher();
        await _fleet.Dispatcher.WaitForLineAsync($"etcdctl role grant-permission ROLE read --prefix=true {Intents}", Fleet.Deadline);
        await _fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, One));
        Assert.That(await _fleet.Etcd.GetAsync("/kamrpc/default/proxies/p1"), Does.Match("""
            "applies":\["members"(,"splits")?\]
            """.Trim()), "splits as soon as it has read them");

        await _fleet.Etcd.AdministerAsync("role", "grant-permission", "dispatcher", "--prefix=true", "read", Intents);
        await _fleet.Dispatcher.WaitForLineAsync("etcd lets operators' wishes be read", Fleet.Deadline);
        await _fleet.WaitForListAsync(static list => !Fleet.IsRoutable(list, One));
    }

    private static string Record(string uri) => $$"""{"uri":"{{uri}}"}""";

    private async Task StartAsync()
    {
        _fleet = await Fleet.StartAsync();
        await _fleet.PutUriAsync("1/a", One);
        await _fleet.PutUriAsync("1/b", Two);
        await _fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, One) && Fleet.IsRoutable(list, Two));

        // In the list it is before the dispatcher has read it back: who is drained by then never got calls, and that is what is told.
        await _fleet.Dispatcher.WaitForLineAsync($"({One}) gets calls", Fleet.Deadline);
        await _fleet.Dispatcher.WaitForLineAsync($"({Two}) gets calls", Fleet.Deadline);
    }

    private async Task<char> FlagAsync(string uri) => (await _fleet.Kamailio.ListAsync()).Single(entry => entry.Uri == uri).Flags[0];

    /// <summary>Whether the drained one is seen active before the other one, and for a second after that.</summary>
    private async Task<bool> EverActiveUntilAsync(string uri)
    {
        var wasActive = false;
        await _fleet.WaitForListAsync(list =>
        {
            wasActive |= Fleet.IsRoutable(list, One);
            return Fleet.IsRoutable(list, uri);
        });
        for (var begun = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(1);)
        {
            wasActive |= Fleet.IsRoutable(await _fleet.Kamailio.ListAsync(), One);
        }

        return wasActive;
    }
}
