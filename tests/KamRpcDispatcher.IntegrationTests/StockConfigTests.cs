using System.Net;
using System.Text;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Debian's own config, as kamailio-cfg/README.md says that it is changed.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class StockConfigTests
{
    /// <summary>What its route for PSTN takes, and so ours.</summary>
    private const string Number = "+4930123456";

    private const string PstnCall = "\t# dispatch destinations to PSTN\n\troute(PSTN);\n";

    private readonly List<IAsyncDisposable> _parts = [];

    [TearDown]
    public async Task End()
    {
        foreach (var part in _parts.AsEnumerable().Reverse())
        {
            await part.DisposeAsync();
        }

        _parts.Clear();
    }

    [TestCase("")]
    [TestCase("#!define WITH_ANTIFLOOD")]
    [TestCase("#!define WITH_PSTN")]
    public async Task With_the_diff_it_shares_calls_to_numbers_and_serves_its_own_users_as_before(string defines)
    {
        using var stock = await StockConfig.PatchedAsync();
        var fleet = await StartAsync(stock.Options(defines));
        var (first, second) = (await AnnounceAsync(fleet, "asterisk-1"), await AnnounceAsync(fleet, "asterisk-2"));
        var phone = await SipServer.StartAsync();
        _parts.Add(phone);
        await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, first.Uri) && Fleet.IsRoutable(list, second.Uri));

        var registered = await SipRegistration.SendAsync(fleet.Kamailio.Sip, "alice", phone.Uri.Replace("sip:", "sip:alice@", StringComparison.Ordinal));
        var calls = await SipLoad.RunAsync(fleet.Kamailio.Sip, calls: 20, perSecond: 20, TimeSpan.FromMilliseconds(200), callee: Number);
        var toAlice = await SipLoad.RunAsync(fleet.Kamailio.Sip, calls: 2, perSecond: 10, TimeSpan.FromMilliseconds(200), callee: "alice");
        var toBob = await SipLoad.RunAsync(fleet.Kamailio.Sip, calls: 1, perSecond: 10, TimeSpan.Zero, callee: "bob");

        await SipServer.CountedAsync(22, first, second, phone);
        Assert.Multiple(() =>
        {
            Assert.That(registered.Status, Is.EqualTo(200));
            Assert.That(registered.Contact, Does.Contain(phone.Uri["sip:".Length..]));
            Assert.That((calls.Failed, first.Calls, second.Calls), Is.EqualTo((0, 10, 10)), calls.Errors);
            Assert.That((toAlice.Failed, phone.Calls), Is.EqualTo((0, 2)), toAlice.Errors);
            Assert.That(toBob.Refusals.GetValueOrDefault(404), Is.EqualTo(1), toBob.ToString());
        });
        await AssertSoundAsync(fleet);
    }

    [Test]
    public async Task With_another_condition_it_shares_every_call_to_somebody_who_is_not_registered()
    {
        using var stock = await StockConfig.PatchedAsync();
        stock.Replace("match your dialing rules\n\tif(!($rU=~\"^(\\+|00)[1-9][0-9]{3,20}$\")) return;\n", "match your dialing rules\n\tif(registered(\"location\")) return;\n");
        var fleet = await StartAsync(stock.Options());
        var (server, phone) = (await AnnounceAsync(fleet, "asterisk-1"), await SipServer.StartAsync());
        _parts.Add(phone);
        await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, server.Uri));

        await SipRegistration.SendAsync(fleet.Kamailio.Sip, "alice", phone.Uri.Replace("sip:", "sip:alice@", StringComparison.Ordinal));
        var toAlice = await SipLoad.RunAsync(fleet.Kamailio.Sip, calls: 2, perSecond: 10, TimeSpan.Zero, callee: "alice");
        var toBob = await SipLoad.RunAsync(fleet.Kamailio.Sip, calls: 3, perSecond: 10, TimeSpan.Zero, callee: "bob");

        await SipServer.CountedAsync(5, phone, server);
        Assert.That((toAlice.Failed, toBob.Failed, phone.Calls, server.Calls), Is.EqualTo((0, 0, 2, 3)), toAlice.Errors + toBob.Errors);
    }

    [Test]
    public async Task With_its_NAT_handling_the_media_relay_has_every_call_until_it_ends()
    {
        await using var relay = new RtpProxyControl();
        using var stock = await StockConfig.PatchedAsync();
        stock.Replace("\"udp:127.0.0.1:7722\"", $"\"udp:127.0.0.1:{relay.Port}\"");
        var fleet = await StartAsync(stock.Options("#!define WITH_NAT"));
        var (first, second) = (await AnnounceAsync(fleet, "asterisk-1"), await AnnounceAsync(fleet, "asterisk-2"));
        await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, first.Uri) && Fleet.IsRoutable(list, second.Uri));

        // An address that is not the one that the requests come from.
        await using (var load = SipLoad.Start(fleet.Kamailio.Sip, 20, 20, TimeSpan.FromSeconds(1), callee: Number, contact: "10.1.2.3"))
        {
            await relay.WaitForAsync(static control => control.Open > 0, Fleet.Deadline);
            var calls = await load.EndAsync();
            await SipServer.CountedAsync(20, first, second);
            Assert.That((calls.Failed, first.Calls, second.Calls), Is.EqualTo((0, 10, 10)), calls.Errors);
        }

        await relay.WaitForAsync(static control => control is { Made: 20, Open: 0 }, Fleet.Deadline);
        await AssertSoundAsync(fleet);
    }

    [Test]
    public async Task With_its_NAT_handling_a_call_that_is_refused_leaves_no_media_behind()
    {
        await using var relay = new RtpProxyControl();
        using var stock = await StockConfig.PatchedAsync();

        await RefuseFiveAsync(stock, relay);

        Assert.That((relay.Made, relay.Open), Is.EqualTo((5, 0)));
    }

    [Test]
    public async Task Without_its_failure_route_the_same_leaves_it_behind()
    {
        await using var relay = new RtpProxyControl();
        using var stock = await StockConfig.PatchedAsync();
        stock.Replace("#!define KAMRPC_FAILURE_ROUTE \"NATMANAGE\"\n", string.Empty);

        await RefuseFiveAsync(stock, relay);

        Assert.That((relay.Made, relay.Open), Is.EqualTo((5, 5)));
    }

    [Test]
    public async Task RPC_over_HTTP_goes_on_where_the_transport_is_defined()
    {
        RealServers.Require("kamailio");
        var port = RealServers.FreePort();
        using var stock = await StockConfig.PatchedAsync();
        await using var kamailio = await KamailioServer.StartAsync(stock.Options($"#!define WITH_JSONRPC\n#!define KAMRPC_TRANSPORT 7\nlisten=tcp:127.0.0.1:{port}"));
        using var client = new HttpClient { Timeout = Fleet.Deadline };

        var answer = await client.PostAsync(new Uri($"http://127.0.0.1:{port}/RPC"), new StringContent("""{"jsonrpc":"2.0","method":"core.echo","params":["there"],"id":1}""", Encoding.UTF8, "application/json"));

        Assert.That((answer.StatusCode, await answer.Content.ReadAsStringAsync()), Is.EqualTo((HttpStatusCode.OK, """{"jsonrpc":"2.0","result":["there"],"id":1}""")).Using<(HttpStatusCode, string)>(static (one, other) =>
            one.Item1 == other.Item1 && string.Concat(one.Item2.Where(static letter => !char.IsWhiteSpace(letter))) == other.Item2));
    }

    /// <summary>What the documents said once: after the last parameter, with a record_route() of its own.</summary>
    [Test]
    public async Task An_include_behind_the_last_parameter_is_found_although_Kamailio_passes_it()
    {
        using var stock = await StockConfig.CopyAsync();
        stock.Replace("modparam(\"debugger\", \"log_level_name\", \"exec\")\n", "modparam(\"debugger\", \"log_level_name\", \"exec\")\ninclude_file \"kamrpc-dispatcher.cfg\"\n");
        stock.Replace(PstnCall, "\tif (!has_totag() && is_method(\"INVITE\")) {\n\t\trecord_route();\n\t\troute(KAMRPC_DISPATCH);\n\t}\n");
        var lines = File.ReadAllLines(stock.Path);
        var include = Array.FindIndex(lines, static line => line.StartsWith("include_file", StringComparison.Ordinal)) + 1;

        Assert.That((await KamailioProgram.CheckAsync(stock.Path)).ExitCode, Is.Zero);
        var (exitCode, output, _) = await Kamrpc.RunAsync("cfg", "--check", stock.Path);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.StartWith($"{stock.Path}:{include}: error: the snippet is included inside #!ifdef WITH_DEBUG ({stock.Path}:"));
        Assert.That(async () => await KamailioServer.StartAsync(stock.Options()), Throws.InvalidOperationException.With.Message.Contains("route \"KAMRPC_DISPATCH\" not found"));

        (exitCode, output, _) = await Kamrpc.RunAsync("cfg", "--check", stock.Path, "--define", "WITH_DEBUG", "--define", "KAMRPC_LIST_FILE=/dev/null");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.Contain("error: record_route() comes a second time on the way to route(KAMRPC_DISPATCH)"));
    }

    /// <summary>Five calls from behind NAT that the server answers with 486. The relay has been told of each by the time that its caller hears of it.</summary>
    private async Task RefuseFiveAsync(StockConfig stock, RtpProxyControl relay)
    {
        stock.Replace("\"udp:127.0.0.1:7722\"", $"\"udp:127.0.0.1:{relay.Port}\"");
        var fleet = await StartAsync(stock.Options("#!define WITH_NAT"));
        var server = await AnnounceAsync(fleet, "asterisk-1", "uas-endings.xml");
        await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, server.Uri));

        await using var load = SipLoad.Start(fleet.Kamailio.Sip, 5, 5, TimeSpan.FromSeconds(1), ending: "486", callee: Number, contact: "10.1.2.3");
        var calls = await load.EndAsync();

        Assert.That(calls.Failed, Is.Zero, calls.Errors);
        await AssertSoundAsync(fleet);
    }

    private async Task<Fleet> StartAsync(KamailioOptions options)
    {
        var fleet = await Fleet.StartAsync(options);
        _parts.Add(fleet);
        return fleet;
    }

    private async Task<SipServer> AnnounceAsync(Fleet fleet, string name, string scenario = "uas.xml")
    {
        var server = await SipServer.StartAsync(scenario);
        _parts.Add(server);
        await fleet.AnnounceAsync(name, server.Uri);
        return server;
    }

    /// <summary>Kamailio's own check and ours pass it, kamcmd answers as before, and nothing in the log is an error.</summary>
    private static async Task AssertSoundAsync(Fleet fleet)
    {
        var check = await KamailioProgram.CheckAsync(fleet.Kamailio.ConfigFile);
        var (exitCode, output, errors) = await Kamrpc.RunAsync("cfg", "--check", fleet.Kamailio.ConfigFile);
        Assert.Multiple(() =>
        {
            Assert.That(check.ExitCode, Is.Zero, check.Output);
            Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
            Assert.That(output, Does.Contain("Fine: the snippet is at "));
            Assert.That(fleet.Kamailio.Output, Does.Not.Match("ERROR|CRITICAL|ALERT|BUG"));
            Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
        });
    }
}
