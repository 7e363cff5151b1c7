using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>More than a report has room for: whoever needs all of it gets it, or is told that it is not all.</summary>
[Parallelizable]
public class LongReportTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    [Test]
    public async Task All_of_many_held_members_are_confirmed_though_a_report_names_some_of_them_only()
    {
        const int Crowd = 1_000;
        using var folder = new TemporaryFolder();
        await using var fleet = await Fleet.StartAsync(new FleetOptions { Kamailio = KamailioOptions.WithLatePings with { SharedMemoryMegabytes = 256 } });
        var reports = new Reports(fleet.Store);
        var announcer = await AnnounceAsync(fleet, folder, "m", Crowd);
        await reports.WaitAsync(static report => report is { Drift: 0 } && report.Sets.TryGetValue(1, out var set) && set.Destinations == Crowd, within: Deadline);
        announcer.Kill();

        var held = await reports.WaitAsync(static report => report.Held.Length + report.MoreHeld >= Crowd / 2, within: Deadline);
        Assert.That(held.MoreHeld, Is.GreaterThan(0), "more than are named");
        var confirmed = await ConfirmAsync(fleet.Etcd);

        Assert.That(confirmed, Is.EqualTo((0, held.Held.Length + held.MoreHeld, 0)));
        await reports.WaitAsync(static report => report.Held.IsEmpty && report.MoreHeld == 0, within: Deadline);
        await fleet.WaitForListAsync(static list => list.All(static entry => entry.Flags[0] == 'D'), Deadline);
    }

    [Test]
    public async Task Three_thousand_are_confirmed_in_rounds_those_of_one_set_too()
    {
        RealServers.Require("etcd", "etcdctl");
        await using var etcd = await EtcdServer.StartAsync();
        using var store = new EtcdConnection(Fleet.Endpoints(etcd), TimeProvider.System);
        await using var dispatcher = await HoldingDispatcher.StartAsync(store, (Set: 1, Count: 2_990), (Set: 2, Count: 10));

        var two = await ConfirmAsync(etcd, "--set", "2");
        Assert.That((two.ExitCode, two.Confirmed, two.NotNamed), Is.EqualTo((0, 10, 0)));

        var begun = Stopwatch.GetTimestamp();
        var rest = await ConfirmAsync(etcd);
        await TestContext.Out.WriteLineAsync($"2,990 held members confirmed in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s, of which a report named up to {dispatcher.MostNamed}");
        Assert.That((rest.ExitCode, rest.Confirmed, rest.NotNamed), Is.EqualTo((0, 2_990, 0)));
    }

    [Test]
    public async Task Where_no_proxy_names_the_rest_in_time_that_is_said_and_is_no_success()
    {
        RealServers.Require("etcd", "etcdctl");
        await using var etcd = await EtcdServer.StartAsync();
        await etcd.PutAsync(
            "/kamrpc/default/proxies/p1",
            """{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","kamailio":"5.6","drift":0,"sets":{},"held":[{"member":"1/a","uri":"sip:10.0.0.1"}],"moreHeld":2999}""",
            leaseSeconds: 60);

        var (exitCode, output, _) = await Kamrpc.RunAsync("confirm", "--etcd", etcd.Endpoint);

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.Contain("confirmed gone").And.Contain("NOT CONFIRMED: 2999 more"));
    }

    [Test]
    public async Task One_that_leaves_while_hundreds_are_left_out_is_told_that_calls_go_on()
    {
        using var folder = new TemporaryFolder();
        await using var fleet = await Fleet.StartAsync(new FleetOptions { Kamailio = KamailioOptions.WithLatePings with { SharedMemoryMegabytes = 256 } });
        var leaving = await fleet.AnnounceAsync("one", "sip:127.0.1.1:7001");
        await AnnounceAsync(fleet, folder, "first", 300);
        await AnnounceAsync(fleet, folder, "second", 300);
        await new Reports(fleet.Store).WaitAsync(static report => report.Superseded.Length + report.MoreSuperseded == 301, within: Deadline);

        leaving.Signal(UnixSignals.Terminate);
        await leaving.WaitForLineAsync("1/one leaves, and another name announces this address (1/second-", Deadline);
        Assert.That(await leaving.Exited.WaitAsync(Deadline), Is.Zero);
        Assert.That(leaving.Output, Does.Not.Contain("has stopped sending calls"));
    }

    [Test]
    public async Task Hundreds_that_leave_and_are_left_out_are_not_said_to_get_no_calls_where_there_is_no_room_for_their_names()
    {
        using var folder = new TemporaryFolder();
        await using var fleet = await Fleet.StartAsync(new FleetOptions { Kamailio = KamailioOptions.WithLatePings with { SharedMemoryMegabytes = 256 } });
        var leaving = await AnnounceAsync(fleet, folder, "first", 300);
        await AnnounceAsync(fleet, folder, "second", 300);
        await new Reports(fleet.Store).WaitAsync(static report => report.Superseded.Length + report.MoreSuperseded == 300, within: Deadline);

        leaving.Signal(UnixSignals.Terminate);
        await leaving.WaitForLineAsync("their names have no room in a report. Whether these are among them is not known: ", Deadline);
        Assert.That(await leaving.Exited.WaitAsync(Deadline), Is.Zero);
    }

    /// <summary>Members by the hundred, of one announcer.</summary>
    private static async Task<ServerProcess> AnnounceAsync(Fleet fleet, TemporaryFolder folder, string name, int count)
    {
        var file = folder.File(name);
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, count).SelectMany(number => new[] { "--uri", string.Create(CultureInfo.InvariantCulture, $"{name}-{number}=sip:127.0.{1 + (number / 250)}.{1 + (number % 250)}:7001") }));
        var announcer = fleet.Start(["announce", "--etcd", fleet.Etcd.Endpoint, "--probe", "none", "@" + file]);
        await announcer.WaitForLineAsync("Wrote /kamrpc/", Fleet.Deadline);
        return announcer;
    }

    private static async Task<(int ExitCode, int Confirmed, int NotNamed)> ConfirmAsync(EtcdServer etcd, params string[] options)
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync(Deadline, ["confirm", "--etcd", etcd.Endpoint, "-o", "json", .. options]);
        Assert.That(errors, Is.Empty);
        var answer = JsonElement.Parse(output);
        return (exitCode, answer.GetProperty("members").EnumerateArray().Count(static member => member.GetProperty("result").GetString() == "confirmed"), answer.GetProperty("notNamed").GetInt32());
    }
}
