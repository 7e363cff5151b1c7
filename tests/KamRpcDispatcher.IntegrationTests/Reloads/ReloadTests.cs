using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Reloads;

/// <summary>SIGUSR2: another program takes the place of an announcer's, and nobody notices.</summary>
[Parallelizable]
public sealed class ReloadTests
{
    private const string Key = "/kamrpc/default/members/1/a";

    private EtcdServer _etcd = null!;

    [SetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl");
        _etcd = await EtcdServer.StartAsync();
    }

    [TearDown]
    public async Task StopEtcd() => await (_etcd?.DisposeAsync() ?? default);

    [Test]
    public async Task Reloaded_again_and_again_it_is_the_same_process_and_nothing_happens_to_its_member()
    {
        const int Reloads = 5;
        using var folder = new TemporaryFolder();
        await using var announcer = await ReloadedAnnouncer.StartAsync(_etcd, "--probe", $"exec:sleep 0.2; test ! -e {folder.File("dead")}", "--interval", "500ms");
        await announcer.WaitForEventsAsync("PUT");
        announcer.TakeEvents();
        var (lease, created, value) = (await _etcd.LeaseAsync(Key), await _etcd.CreateRevisionAsync(Key), await _etcd.GetAsync(Key));
        var descriptors = 0;

        for (var reload = 1; reload <= Reloads; reload++)
        {
            await announcer.ReloadAsync();
            descriptors = reload == 1 ? Descriptors(announcer.Process.Pid) : descriptors;
        }

        Assert.That((await _etcd.LeaseAsync(Key), await _etcd.CreateRevisionAsync(Key), await _etcd.GetAsync(Key)), Is.EqualTo((lease, created, value)), announcer.Process.Output);
        Assert.That(announcer.TakeEvents(), Is.Empty, "not even written anew");
        Assert.That(announcer.Gaps(), Has.Count.EqualTo(Reloads));
        Assert.That(Descriptors(announcer.Process.Pid), Is.LessThanOrEqualTo(descriptors + 5), "of one program the next one has none");
        Assert.That(Children(announcer.Process.Pid), Has.None.EqualTo('Z'), "of one program's commands none is left");
        await TestContext.Out.WriteLineAsync($"Not renewed for, in ms: {string.Join(", ", announcer.Gaps())}");

        await File.WriteAllTextAsync(folder.File("dead"), string.Empty);
        await announcer.WaitForEventsAsync("\"down\"");
        announcer.Process.Signal(UnixSignals.Terminate);
        Assert.That(await announcer.Process.Exited.WaitAsync(Fleet.Deadline), Is.Zero, announcer.Process.Output);
        Assert.That(await _etcd.GetAsync(Key), Is.Null);
    }

    [Test]
    public async Task A_program_that_is_broken_takes_nobodys_place_and_that_is_told()
    {
        await using var announcer = await ReloadedAnnouncer.StartAsync(_etcd, "--probe", "none");
        await announcer.WaitForEventsAsync("PUT");
        announcer.TakeEvents();
        (Action Break, string Reason)[] broken =
        [
            (announcer.Remove, "it cannot be started: "),
            (() => announcer.Put("exit 7"), "asked for its version it ends with 7"),
            (() => announcer.Put("echo hello"), "it is not kamrpc: asked for its version it says 'hello'"),
        ];

        foreach (var (breakIt, reason) in broken)
        {
            breakIt();
            await announcer.ReloadAsync();
            Assert.That((await announcer.Systemd.ToldAsync("STATUS=Not reloaded"))[^1], Does.Contain(reason));
            await announcer.Process.WaitForLineAsync($"which goes on as before ({reason}", Fleet.Deadline);
        }

        Assert.That(announcer.Gaps(), Is.Empty);
        announcer.Put(null);
        await announcer.ReloadAsync();
        Assert.That(announcer.Gaps(), Has.Count.EqualTo(1));
        Assert.That(announcer.TakeEvents(), Is.Empty);
    }

    [Test]
    public async Task What_other_options_do_not_announce_leaves_in_order_and_what_they_do_stays()
    {
        await using var announcer = await ReloadedAnnouncer.StartAsync(_etcd, "--probe", "none", "--set", "1,2");
        await announcer.WaitForEventsAsync("members/1/a", "members/2/a");
        var kept = "/kamrpc/default/members/2/a";
        var (lease, created) = (await _etcd.LeaseAsync(kept), await _etcd.CreateRevisionAsync(kept));
        announcer.TakeEvents();
        announcer.Put($$"""
            if [ "$1" = --version ]; then exec {{ReloadedAnnouncer.Program}} "$@"; fi
            exec {{ReloadedAnnouncer.Program}} announce --etcd {{_etcd.Endpoint}} --name a --uri sip:10.0.0.1 --probe none --set 2,3
            """);

        await announcer.ReloadAsync();

        await announcer.WaitForEventsAsync("DELETE /kamrpc/default/members/1/a");
        var events = announcer.TakeEvents();
        string[] expected = ["PUT /kamrpc/default/members/3/a", "PUT /kamrpc/default/members/1/a", "PUT /kamrpc/default/members/1/a", "DELETE /kamrpc/default/members/1/a"];
        Assert.That(events.Select(static seen => string.Join(' ', seen.Split(' ').Take(2))), Is.EqualTo(expected), "first who comes, then who leaves");
        Assert.That(events[1], Does.Contain("\"draining\""));
        Assert.That(events[2], Does.Contain("\"withdrawn\""));
        Assert.That((await _etcd.LeaseAsync(kept), await _etcd.CreateRevisionAsync(kept)), Is.EqualTo((lease, created)));
        Assert.That(await _etcd.LeaseAsync("/kamrpc/default/members/3/a"), Is.EqualTo(lease));
    }

    [Test]
    public async Task Asked_to_stop_between_two_programs_it_leaves_in_order()
    {
        await using var announcer = await ReloadedAnnouncer.StartAsync(_etcd, "--probe", "none");
        using var folder = new TemporaryFolder();
        announcer.Put($$"""
            if [ "$1" != --version ]; then touch {{folder.File("there")}}; while [ -e {{folder.File("there")}} ]; do sleep 0.02; done; fi
            exec {{ReloadedAnnouncer.Program}} "$@"
            """);
        announcer.Process.Signal(UnixSignals.User2);
        await WaitForAsync(() => File.Exists(folder.File("there")));

        announcer.Process.Signal(UnixSignals.Terminate);
        announcer.Process.Signal(UnixSignals.User2);
        File.Delete(folder.File("there"));

        Assert.That(await announcer.Process.Exited.WaitAsync(Fleet.Deadline), Is.Zero, announcer.Process.Output);
        Assert.That(announcer.Process.Output, Does.Contain("Goes on with").And.Contain("Withdrew " + Key));
        Assert.That(await _etcd.GetAsync(Key), Is.Null, "and not with its lease");
    }

    [Test]
    public async Task A_lease_that_ended_between_two_programs_is_no_loss()
    {
        await using var announcer = await ReloadedAnnouncer.StartAsync(_etcd, "--probe", "none");
        await announcer.WaitForEventsAsync("PUT");
        var lease = await _etcd.LeaseAsync(Key);
        announcer.TakeEvents();
        announcer.Put($$"""
            if [ "$1" != --version ]; then etcdctl --endpoints {{_etcd.Endpoint}} lease revoke {{lease}} >/dev/null; fi
            exec {{ReloadedAnnouncer.Program}} "$@"
            """);

        await announcer.ReloadAsync();

        await announcer.WaitForEventsAsync("DELETE", "PUT");
        Assert.That(await _etcd.LeaseAsync(Key), Is.Not.Null.And.Not.EqualTo(lease), announcer.Process.Output);
        Assert.That(announcer.Gaps(), Is.Empty, "it does not say that it went on with it");
    }

    [Test]
    public async Task Killed_between_two_programs_its_member_is_taken_over_as_after_any_crash()
    {
        await using var announcer = await ReloadedAnnouncer.StartAsync(_etcd, "--probe", "none", "--ttl", "30s");
        var created = await _etcd.CreateRevisionAsync(Key);
        announcer.TakeEvents();
        announcer.Put($"if [ \"$1\" != --version ]; then kill -KILL $$; fi; exec {ReloadedAnnouncer.Program} \"$@\"");
        announcer.Process.Signal(UnixSignals.User2);
        Assert.That(await announcer.Process.Exited.WaitAsync(Fleet.Deadline), Is.Not.Zero);

        announcer.Put(null);
        announcer.Start("--probe", "none", "--ttl", "30s");
        await announcer.WaitForEventsAsync("PUT");

        Assert.That(await _etcd.CreateRevisionAsync(Key), Is.EqualTo(created));
        Assert.That(announcer.TakeEvents(), Has.None.Contains("DELETE"));
    }

    [Test]
    public async Task While_somebody_drains_its_calls_are_counted_on_and_Asterisk_stays_in_maintenance_until_the_drain_ends()
    {
        const string Calls = "/kamrpc/default/calls/1/a";
        const string Intent = "/kamrpc/default/intents/1/a";
        using var folder = new TemporaryFolder();
        await using var asterisk = new FakeAmi { KnowsMaintenance = true };
        asterisk.HasCalls(2);
        await using var announcer = await ReloadedAnnouncer.StartAsync(
            _etcd, "--probe", "none", "--ami", asterisk.Endpoint, "--ami-secret-file", await EtcdUsers.WritePasswordAsync(folder, FakeAmi.Secret), "--maintenance", "kamailio");
        await _etcd.PutAsync(Intent, """{"drain":true,"by":"ops"}""");
        await WaitForAsync(() => asterisk.InMaintenance.ContainsKey("kamailio"));
        var asked = asterisk.Requests.Count;
        asterisk.HasCalls(1);

        await announcer.ReloadAsync();

        await asterisk.WaitForRequestsAsync("Login", 2);
        await asterisk.WaitForRequestsAsync("CoreStatus", asterisk.Requests.Count(static request => request.Contains("CoreStatus", StringComparison.Ordinal)) + 2);
        Assert.That(asterisk.Requests.Skip(asked), Has.None.Contains("PJSIPSetMaintenance"), "neither out of it nor in again");
        Assert.That(asterisk.InMaintenance.Keys, Is.EqualTo(new[] { "kamailio" }));
        await WaitForAsync(async () => (await _etcd.GetAsync(Calls))?.Contains("\"calls\":1", StringComparison.Ordinal) == true);
        Assert.That(await _etcd.GetAsync(Key), Does.Contain("draining").And.Contain("maintenance"));

        await _etcd.DeleteAsync(Intent);
        await WaitForAsync(() => asterisk.InMaintenance.IsEmpty);
        await WaitForAsync(async () => await _etcd.GetAsync(Calls) is null);
    }

    private static Task WaitForAsync(Func<bool> condition) => WaitForAsync(() => Task.FromResult(condition()));

    private static async Task WaitForAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while (!await condition())
        {
            Assert.That(deadline.IsCancellationRequested, Is.False);
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    private static int Descriptors(int pid) => Directory.EnumerateFileSystemEntries(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd")).Count();

    /// <summary>The states of its children.</summary>
    private static IReadOnlyList<char> Children(int pid)
    {
        var folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task");
        return
        [
            .. Directory.EnumerateDirectories(folder).SelectMany(static thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(static child => { try { return File.ReadAllText($"/proc/{child}/stat").Split(") ")[1][0]; } catch (IOException) { return 'X'; } }),
        ];
    }
}
