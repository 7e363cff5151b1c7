using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>When calls fail, or nobody knows whether they do, <c>kamrpc status</c> and <c>kamrpc doctor</c> both name it within three seconds, and neither ends with 0.</summary>
public sealed class TruthTests
{
    private const int SomethingIsNot = 1;
    private const int KamailioDoesNotAnswer = 3;

    /// <summary>Root that may do no more than others: it opens what is its own.</summary>
    private static readonly string[] WithoutRights = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"];

    private readonly List<IAsyncDisposable> _parts = [];
    private Fleet _fleet = null!;
    private BothCommands _commands = null!;

    [TearDown]
    public async Task StopAsync()
    {
        foreach (var part in _parts.AsEnumerable().Reverse())
        {
            await part.DisposeAsync();
        }

        _parts.Clear();
    }

    [Test]
    public async Task Kamailio_is_stopped_and_started_again()
    {
        await StartAsync(new FleetOptions(), "a");

        await _fleet.Kamailio.StopAsync();
        var stopped = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            _commands.StatusFindsAsync(stopped, ["kamailio-lost"]),
            _commands.DoctorFindsAsync(stopped, KamailioDoesNotAnswer, "kamailio.reachable", "Kamailio does not listen on"));

        await _fleet.Kamailio.StartAgainAsync();
        await _commands.AreContentAsync();
    }

    [Test]
    public async Task Kamailio_is_restarted_with_a_socket_that_kamrpc_may_not_open_and_every_call_fails()
    {
        OtherUser.RequireRoot();
        RealServers.Require("setpriv");
        await StartAsync(new FleetOptions { Starter = WithoutRights }, "a");

        // Between Kamailio's making the socket and giving it away there is a moment in which anybody may be faster.
        _fleet.Dispatcher.Pause();
        await File.AppendAllTextAsync(_fleet.Kamailio.ConfigFile, """
            modparam("jsonrpcs", "dgram_user", "nobody")
            modparam("jsonrpcs", "dgram_mode", 0600)

            """);
        _fleet.Kamailio.Kill();
        await _fleet.Kamailio.StartAgainAsync();
        _fleet.Dispatcher.Resume();
        var restarted = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            _commands.StatusFindsAsync(restarted, ["kamailio-lost"]),
            new BothCommands(_fleet, WithoutRights).DoctorFindsAsync(restarted, KamailioDoesNotAnswer, "kamailio.reachable", $"may not write to {_fleet.Kamailio.SocketPath} (nobody:"));

        Assert.That(await _fleet.Kamailio.ListAsync(), Is.Empty);
        var calls = await SipLoad.RunAsync(_fleet.Kamailio.Sip, calls: 3, perSecond: 10, TimeSpan.Zero);
        Assert.That(calls.Refusals.GetValueOrDefault(503), Is.EqualTo(3), calls.ToString());
    }

    [Test]
    public async Task The_worker_that_answers_RPC_hangs_and_a_server_that_withdrew_goes_on_getting_calls()
    {
        var servers = await StartAsync(new FleetOptions(), "a", "b");

        await _fleet.Kamailio.PauseProcessAsync("JSONRPCS DATAGRAM");
        var hung = Stopwatch.GetTimestamp();
        await _fleet.DeleteAsync("1/b");
        await Task.WhenAll(
            _commands.StatusFindsAsync(hung, ["kamailio-lost"]),
            _commands.DoctorFindsAsync(hung, KamailioDoesNotAnswer, "kamailio.reachable", "Processes of it are stopped"));

        var calls = await SipLoad.RunAsync(_fleet.Kamailio.Sip, calls: 4, perSecond: 10, TimeSpan.Zero);
        await SipServer.CountedAsync(4, servers);
        Assert.That((calls.Failed, servers[1].Calls), Is.EqualTo((0, 2)), calls.Errors);

        _fleet.Kamailio.Resume();
        await _commands.AreContentAsync();
    }

    [Test]
    public async Task Every_server_dies_under_its_announcer()
    {
        var servers = await StartAsync(new FleetOptions());
        foreach (var name in new[] { "a", "b" })
        {
            servers.Add(await ServeAsync());
            await _fleet.AnnounceAsync(name, servers[^1].Uri, "--probe", "options");
        }

        await ContentAsync(servers);

        servers.ForEach(static server => server.Kill());
        var dead = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            _commands.StatusFindsAsync(dead, ["set-without-destination"]),
            _commands.DoctorFindsAsync(dead, SomethingIsNot, "kamailio.routable", "set 1: none of 2 members gets calls"));
    }

    [Test]
    public async Task Everybody_withdraws_and_nobody_is_left_in_the_set()
    {
        await StartAsync(new FleetOptions { Dispatch = ["--removal-delay", "1s"] }, "a", "b");

        await Task.WhenAll(_fleet.DeleteAsync("1/a"), _fleet.DeleteAsync("1/b"));
        var left = Stopwatch.GetTimestamp();
        var (exitCode, codes) = await _commands.StatusAsync();
        Assert.That(exitCode, Is.EqualTo(1), "while they are taken out: " + string.Join(", ", codes));
        await _commands.DoctorFindsAsync(left, SomethingIsNot, "etcd.members", "nothing is announced in cluster default, and 1 proxy waits");

        var calls = await SipLoad.RunAsync(_fleet.Kamailio.Sip, calls: 3, perSecond: 10, TimeSpan.Zero);
        Assert.That(calls.Refusals.GetValueOrDefault(503), Is.EqualTo(3), calls.ToString());
        var removed = await _fleet.WaitForListAsync(static list => list.Count == 0);
        await _commands.StatusFindsAsync(removed, ["set-without-members"]);
        await _commands.DoctorFindsAsync(removed, SomethingIsNot, "kamailio.routable", "set 1: nobody is announced, and Kamailio's list has nobody else");
    }

    /// <summary>Which is how a set is forgotten that was given up on purpose.</summary>
    [Test]
    public async Task A_set_that_everybody_has_left_is_missed_until_the_dispatcher_is_started_again()
    {
        await StartAsync(new FleetOptions { Dispatch = ["--removal-delay", "1s"] }, "a");

        await _fleet.PutUriAsync("7/b", "sip:127.0.0.1:5077");
        await _fleet.WaitForListAsync(static list => list.Any(static entry => entry.Set == 7));
        await _fleet.DeleteAsync("7/b");
        await _fleet.WaitForListAsync(static list => list.All(static entry => entry.Set != 7));
        var removed = Stopwatch.GetTimestamp();
        await _commands.StatusFindsAsync(removed, ["set-without-members"]);
        await _commands.DoctorFindsAsync(removed, SomethingIsNot, "kamailio.routable", "set 7: nobody is announced, and Kamailio's list has nobody else");

        await _fleet.Dispatcher.DisposeAsync();
        _fleet.StartDispatcher();
        await _fleet.Dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);
        await _commands.AreContentAsync();
    }

    [Test]
    public async Task Kamailio_has_no_socket_from_which_it_could_send_to_a_member()
    {
        await StartAsync(new FleetOptions(), "a");

        await _fleet.PutUriAsync("1/secure", "sips:127.0.0.1:5077");
        await _fleet.PutUriAsync("1/six", "sip:[::1]:5077");
        await _fleet.Dispatcher.WaitForLineAsync("sips:127.0.0.1:5077 is not added: Kamailio cannot send there, since it has no tls socket over IPv4 (it listens on udp:127.0.0.1:", Fleet.Deadline);
        await _fleet.Dispatcher.WaitForLineAsync("sip:[::1]:5077 is not added: Kamailio cannot send there, since it has no udp socket over IPv6", Fleet.Deadline);
        var told = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            _commands.StatusFindsAsync(told, ["member-without-calls", "quarantined"]),
            _commands.DoctorFindsAsync(told, SomethingIsNot, "kamailio.routable", "(2 to which Kamailio cannot send)"));
        var (_, explained, _) = await Kamrpc.RunAsync("explain", "secure", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That(string.Join(' ', explained.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), Does.Contain("Kamailio cannot send there, since it has no tls socket over IPv4"));
    }

    [Test]
    public async Task Everybody_withdraws_from_a_set_that_the_dispatcher_serves_by_name()
    {
        await StartAsync(new FleetOptions { Dispatch = ["--set", "1"] }, "a");

        await _fleet.DeleteAsync("1/a");
        await _commands.StatusFindsAsync(Stopwatch.GetTimestamp(), ["set-without-members"]);
        var removed = await _fleet.WaitForListAsync(static list => list.Count == 0);
        await _commands.StatusFindsAsync(removed, ["set-without-members"]);
    }

    [Test]
    public async Task Kamailio_finds_every_server_dead_that_says_it_is_ready()
    {
        var servers = await StartAsync(new FleetOptions(), "a", "b");

        servers.ForEach(static server => server.Kill());
        var dead = await _fleet.WaitForListAsync(static list => list.Count == 2 && list.All(static entry => entry.Flags[0] == 'I'));
        await Task.WhenAll(
            _commands.StatusFindsAsync(dead, ["set-without-destination", "member-without-calls"]),
            _commands.DoctorFindsAsync(dead, SomethingIsNot, "kamailio.routable", "set 1: none of 2 members gets calls (2 inactive"));
    }

    [Test]
    public async Task Members_are_announced_and_no_dispatcher_runs()
    {
        await StartAsync(new FleetOptions(), "a");

        await _fleet.Dispatcher.DisposeAsync();
        await _fleet.Kamailio.StartAgainAsync();
        var emptied = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            _commands.StatusFindsAsync(emptied, ["no-proxy"]),
            _commands.DoctorFindsAsync(emptied, SomethingIsNot, "kamailio.dispatcher", "nobody brings 1 announced member into its list"),
            _commands.DoctorFindsAsync(emptied, SomethingIsNot, "kamailio.routable", "(1 not in Kamailio's list)"));
    }

    /// <summary>From etcd nobody can tell sooner: the report goes with its lease.</summary>
    [Test]
    public async Task The_dispatcher_is_killed_and_its_report_stays_for_the_time_of_a_lease()
    {
        await StartAsync(new FleetOptions(), "a");

        _fleet.Dispatcher.Kill();
        await _fleet.Dispatcher.Gone;
        var killed = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            _commands.StatusFindsAsync(killed, ["no-proxy"], Fleet.Deadline),
            _commands.DoctorFindsAsync(killed, SomethingIsNot, "kamailio.dispatcher", "has left its mark, and has ended"));
    }

    [Test]
    public async Task A_dispatcher_runs_that_cannot_reach_Kamailio_which_answers_others()
    {
        await StartAsync(new FleetOptions { RelaySeed = 1 }, "a");

        _fleet.Relay!.Faults = new RelayFaults(LoseRequest: 1, LoseReply: 1, Delay: 0, TimeSpan.Zero);
        var cut = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            _commands.StatusFindsAsync(cut, ["kamailio-lost"]),
            _commands.DoctorFindsAsync(cut, SomethingIsNot, "kamailio.dispatcher", "reports that Kamailio does not answer it"));
    }

    /// <summary>Status asks etcd alone, which everybody may here.</summary>
    [Test]
    public async Task Who_may_not_look_at_Kamailio_is_not_told_that_no_dispatcher_runs_nor_that_all_is_well()
    {
        OtherUser.RequireRoot();
        RealServers.Require("setpriv");
        await StartAsync(new FleetOptions(), "a");

        var begun = Stopwatch.GetTimestamp();
        var findings = await new BothCommands(_fleet, "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "env", "HOME=/nonexistent")
            .DoctorFindsAsync(begun, KamailioDoesNotAnswer, "kamailio.reachable", "User nobody may not enter ");

        foreach (var check in new[] { "kamailio.dispatcher", "kamailio.routable" })
        {
            Assert.That(findings.Single(finding => finding.Check == check), Has.Property("Severity").EqualTo("unknown").And.Property("Text").Not.Contain("no kamrpc dispatch").And.Property("Text").Not.Contain("nobody holds"));
        }

        Assert.That((await _commands.StatusAsync()).ExitCode, Is.Zero);
    }

    /// <summary>A fleet in which nothing is found, with a member of set 1 by each of the names.</summary>
    private async Task<List<SipServer>> StartAsync(FleetOptions options, params string[] names)
    {
        _fleet = await Fleet.StartAsync(options with { Kamailio = new KamailioOptions() });
        _parts.Add(_fleet);
        _commands = new BothCommands(_fleet);
        var servers = new List<SipServer>();
        foreach (var name in names)
        {
            servers.Add(await ServeAsync());
            await _fleet.PutUriAsync($"1/{name}", servers[^1].Uri);
        }

        if (names.Length > 0)
        {
            await ContentAsync(servers);
        }

        return servers;
    }

    private async Task ContentAsync(List<SipServer> servers)
    {
        await _fleet.WaitForListAsync(list => servers.TrueForAll(server => Fleet.IsRoutable(list, server.Uri)));
        await _commands.AreContentAsync();
    }

    private async Task<SipServer> ServeAsync()
    {
        var server = await SipServer.StartAsync();
        _parts.Add(server);
        return server;
    }
}
