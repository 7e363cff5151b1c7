using System.Diagnostics;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Algorithm 10 with the snippet: every call is counted at its destination, and no longer when it has ended, however it ends.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class CallLoadTests
{
    /// <summary>The module's counts are freed by its timer, which tests do not wait half a minute for; and callees ring for 2 minutes.</summary>
    private const string QuickTimers = """
        modparam("dispatcher", "ds_hash_check_interval", 1)
        modparam("tm", "fr_inv_timer", 2000)
        """;

    private const string OwnRoutes = """
        listen=KAMRPC_LISTEN
        disable_tcp=yes
        auto_aliases=no
        children=2
        #!define KAMRPC_BRANCH_ROUTE "MINE"
        loadmodule "tm.so"
        loadmodule "sl.so"
        loadmodule "rr.so"
        loadmodule "pv.so"
        loadmodule "siputils.so"
        include_file "{snippet}"
        request_route {
            if (has_totag()) {
                if (loose_route()) {
                    route(KAMRPC_CALL_ENDED);
                    t_relay();
                }
                exit;
            }
            record_route();
            t_on_reply("MINE");
            route(KAMRPC_DISPATCH);
        }
        branch_route[MINE] {
            xlog("L_WARN", "own branch\n");
        }
        onreply_route[MINE] {
            xlog("L_WARN", "own reply $rs\n");
            route(KAMRPC_CALL_ANSWERED);
        }
        """;

    private readonly List<SipServer> _servers = [];
    private KamailioServer? _kamailio;

    [SetUp]
    public async Task StartServers()
    {
        RealServers.Require("kamailio", "sipp");
        for (var number = 0; number < 3; number++)
        {
            _servers.Add(await SipServer.StartAsync("uas-endings.xml"));
        }
    }

    [TearDown]
    public async Task StopServers()
    {
        await ServerLife.EndAsync(_kamailio);
        _kamailio = null;
        foreach (var server in _servers)
        {
            await ServerLife.EndAsync(server);
        }

        _servers.Clear();
    }

    [Test]
    public async Task Calls_of_every_ending_are_counted_until_they_end()
    {
        var kamailio = await StartKamailioAsync(maxLoad: 100, "#!define KAMRPC_CALL_EXPIRE 6\n#!define KAMRPC_FR_TIMEOUT 500");

        // A thousand that end at once, in the ways in which calls do.
        await Task.WhenAll(
            SucceedAsync(250, 25, ending: null),
            SucceedAsync(250, 25, "hangup"),
            SucceedAsync(200, 20, "cancel"),
            SucceedAsync(200, 20, "486"),
            SucceedAsync(100, 10, "503"));
        await WaitForLoadAsync(0, TimeSpan.FromSeconds(5));

        // Callers that vanish while it rings, and while the call is up.
        await using (var ringing = SipLoad.Start(kamailio.Sip, 20, 50, TimeSpan.FromSeconds(60), ending: "cancel"))
        await using (var up = SipLoad.Start(kamailio.Sip, 20, 50, TimeSpan.FromSeconds(60)))
        {
            await WaitForLoadAsync(40, TimeSpan.FromSeconds(5));
            await Task.WhenAll(ringing.AbandonAsync(), up.AbandonAsync());
        }

        await WaitForLoadAsync(0, TimeSpan.FromSeconds(20));

        // A destination that is silent: the call counts at the next one, and not at both.
        _servers[0].Pause();
        await SucceedAsync(30, 10, ending: null);
        await WaitForLoadAsync(0, TimeSpan.FromSeconds(5));
        _servers[0].Resume();

        Assert.That(kamailio.Output, Does.Contain("kamrpc: 503 from").And.Contain("kamrpc: 408 from").And.Not.Contain("cannot find load").And.Not.Contain("cannot update load"));

        async Task SucceedAsync(int calls, int perSecond, string? ending)
        {
            await using var load = SipLoad.Start(kamailio.Sip, calls, perSecond, TimeSpan.FromMilliseconds(200), ending: ending);
            var result = await load.EndAsync();
            Assert.That(result.Failed, Is.Zero, $"{ending ?? "hangup by the caller"}: {result}\n{result.Errors}");
        }
    }

    [Test]
    public async Task Three_servers_for_ten_calls_each_take_thirty_at_a_time_again_and_again_and_no_more()
    {
        var kamailio = await StartKamailioAsync(maxLoad: 10);

        await using (var load = SipLoad.Start(kamailio.Sip, 150, 60, TimeSpan.FromMilliseconds(400), atOnce: 30))
        {
            var result = await load.EndAsync();
            Assert.That(result.Failed, Is.Zero, $"{result}\n{result.Errors}");
        }

        await using var more = SipLoad.Start(kamailio.Sip, 40, 40, TimeSpan.FromSeconds(4));
        var refused = await more.EndAsync();
        Assert.That((refused.Successful, refused.Refusals.GetValueOrDefault(503)), Is.EqualTo((30, 10)), refused.Errors);
        await WaitForLoadAsync(0, TimeSpan.FromSeconds(5));
    }

    [Test]
    public async Task An_answered_call_counts_beyond_the_time_for_setting_one_up_with_the_operators_own_routes_too([Values] bool hasOwnRoutes)
    {
        using var folder = new TemporaryFolder();
        var config = folder.File("own.cfg");
        File.WriteAllText(config, OwnRoutes.Replace("{snippet}", Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg", "kamrpc-dispatcher.cfg"), StringComparison.Ordinal) + "\n");
        var kamailio = await StartKamailioAsync(maxLoad: 10, "#!define KAMRPC_CALL_SETUP_EXPIRE 1", hasOwnRoutes ? config : null);

        await using var load = SipLoad.Start(kamailio.Sip, 10, 100, TimeSpan.FromSeconds(10));
        await WaitForLoadAsync(10, TimeSpan.FromSeconds(5));
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(5))
        {
            Assert.That(await LoadAsync(), Is.EqualTo(10));
            await Task.Delay(100);
        }

        var result = await load.EndAsync();
        Assert.That(result.Failed, Is.Zero, result.Errors);
        await WaitForLoadAsync(0, TimeSpan.FromSeconds(5));
        Assert.That(kamailio.Output, hasOwnRoutes ? Does.Contain("own branch").And.Contain("own reply 200") : Does.Not.Contain("own "));
    }

    private async Task<KamailioServer> StartKamailioAsync(int maxLoad, string defines = "", string? config = null)
    {
        var options = new KamailioOptions
        {
            Algorithm = "10",
            PingInterval = TimeSpan.Zero,
            ListFileLines = [.. _servers.Select((server, index) => $"1 {server.Uri} 0 0 duid=server-{index};maxload={maxLoad}")],
            ExtraConfig = "#!define KAMRPC_CALL_LOAD\n" + defines,
            FinalConfig = QuickTimers,
        };
        return _kamailio = await KamailioServer.StartAsync(config is null ? options : options with { ConfigFile = config });
    }

    private async Task WaitForLoadAsync(int calls, TimeSpan time)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var load = await LoadAsync(); load != calls; load = await LoadAsync())
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(time), $"{load} calls are counted, not {calls}");
            await Task.Delay(20);
        }
    }

    /// <summary>The calls that are counted, of all destinations.</summary>
    private async Task<int> LoadAsync()
    {
        var list = await _kamailio!.CallAsync("dispatcher.list");
        return list.GetProperty("RECORDS").EnumerateArray()
            .SelectMany(static record => record.GetProperty("SET").GetProperty("TARGETS").EnumerateArray())
            .Sum(static target => target.GetProperty("DEST").GetProperty("RUNTIME").GetProperty("DLGLOAD").GetInt32());
    }
}
