using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

[Category("Matrix")]
[Parallelizable]
public class AddressTests
{
    [Test]
    public async Task Every_kind_of_URI_and_set_gets_into_the_list_and_out_again()
    {
        // Kamailio sends from a socket of the same transport and address family.
        using var folder = new TemporaryFolder();
        await TestCertificate.MakeAsync(folder);
        await using var fleet = await Fleet.StartAsync(new KamailioOptions
        {
            ExtraConfig = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"""
                #!define KAMRPC_LISTEN_TCP tcp:127.0.0.1:{RealServers.FreePort()}
                enable_tls=yes
                listen=tls:127.0.0.1:{RealServers.FreePort()}
                listen=udp:[::1]:{RealServers.FreeUdpPort()}
                listen=tcp:[::1]:{RealServers.FreePort()}

                """),
            FinalConfig = $"""
                loadmodule "tls.so"
                modparam("tls", "tls_method", "TLSv1.2+")
                modparam("tls", "certificate", "{folder.File("cert.pem")}")
                modparam("tls", "private_key", "{folder.File("key.pem")}")

                """,
        });
        (string Member, string Uri)[] members =
        [
            ("0/udp", "sip:127.0.0.1:5070"), ("0/tcp", "sip:127.0.0.1:5071;transport=tcp"), ("0/tls", "sip:127.0.0.1:5072;transport=tls"), ("0/sips", "sips:127.0.0.1:5073"),
            ("1/v6", "sip:[::1]:5070"), ("1/v6-tcp", "sip:[2001:db8::7]:5070;transport=tcp"), ("1/no-port", "sip:127.0.0.9"),
            ("2147483647/udp", "sip:127.0.0.1:5070"),
        ];

        foreach (var (member, uri) in members)
        {
            await fleet.PutUriAsync(member, uri);
        }

        var expected = members.Select(static member => (int.Parse(member.Member.Split('/')[0], System.Globalization.CultureInfo.InvariantCulture), member.Uri)).Order().ToList();
        await fleet.WaitForListAsync(list => list.Select(static entry => (entry.Set, entry.Uri)).Order().SequenceEqual(expected));

        foreach (var (member, _) in members)
        {
            await fleet.DeleteAsync(member);
        }

        await fleet.WaitForListAsync(static list => list.Count == 0);
    }

    [Test]
    public async Task What_Kamailio_refuses_is_quarantined_and_taken_when_it_can_be()
    {
        await using var fleet = await Fleet.StartAsync();

        await fleet.PutAsync("1/bad", """{"uri":"sip:127.0.0.1:5070","attrs":{"sockname":"none"}}""");
        await fleet.PutUriAsync("1/good", "sip:127.0.0.1:5071");
        await fleet.Dispatcher.WaitForLineAsync("Kamailio refuses sip:127.0.0.1:5070", Fleet.Deadline);
        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.0.1:5071"));

        await fleet.PutUriAsync("1/bad", "sip:127.0.0.1:5070");
        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.0.1:5070"));
    }

    [Test]
    public async Task Only_the_sets_asked_for_are_managed()
    {
        await using var fleet = await Fleet.StartAsync(dispatchOptions: ["--set", "2", "--set", "3,4"]);

        await fleet.PutUriAsync("1/a", "sip:127.0.0.1:5070");
        await fleet.PutUriAsync("2/b", "sip:127.0.0.1:5071");
        await fleet.PutUriAsync("4/c", "sip:127.0.0.1:5072");

        await fleet.WaitForListAsync(static list => list.Count == 2);
        Assert.That((await fleet.Kamailio.ListAsync()).Select(static entry => entry.Set), Is.EquivalentTo(new[] { 2, 4 }));
    }

    [TestCase("sip:127.0.0.9:5060")]
    [TestCase("sip:127.0.0.9")]
    public async Task An_address_that_returns_under_another_name_replaces_the_old_entry_and_is_served_all_the_time(string spelling)
    {
        await using var fleet = await Fleet.StartAsync();
        var old = await fleet.AnnounceAsync("old", "sip:127.0.0.9", "--ttl", "12s");
        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.0.9"));

        old.Kill();
        await fleet.AnnounceAsync("new", spelling);
        await fleet.WaitForListAsync(list =>
        {
            // Both for a moment, and never neither.
            Assert.That(list, Has.Count.InRange(1, 2));
            Assert.That(list.Any(static entry => entry.Flags[0] != 'D'));
            return list is [{ Attrs: { } attrs, Flags: not ['D', ..] }] && attrs.Contains("duid=new;", StringComparison.Ordinal);
        });

        // The end of the old one's lease changes nothing any more.
        while (await fleet.Etcd.GetAsync("/kamrpc/default/members/1/old") is not null)
        {
            Assert.That(await fleet.Kamailio.ListAsync(), Has.Count.EqualTo(1));
        }

        Assert.That((await fleet.Kamailio.ListAsync()).Single().Flags[0], Is.Not.EqualTo('D'));
        Assert.That(fleet.Dispatcher.Output, Does.Not.Contain("PANIC"));
    }
}
