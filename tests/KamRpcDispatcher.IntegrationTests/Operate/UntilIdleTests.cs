using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc drain --until-idle</c> with a real etcd, Kamailio, dispatcher and announcer, and an Asterisk's manager interface that says what the test wants.</summary>
[Parallelizable]
public sealed class UntilIdleTests
{
    private const string A = "sip:127.0.62.1:5060";
    private const string B = "sip:127.0.62.2:5060";
    private const string Calls = "/kamrpc/default/calls/1/a";

    private TemporaryFolder _folder = null!;
    private FakeAmi _asterisk = null!;
    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartFleet()
    {
        _folder = new TemporaryFolder();
        _asterisk = new FakeAmi();
        _asterisk.HasCalls(2);
        _fleet = await Fleet.StartAsync();
        await _fleet.PutUriAsync("1/b", B);
    }

    [TearDown]
    public async Task StopFleet()
    {
        await (_fleet?.DisposeAsync() ?? default);
        if (_asterisk is not null)
        {
            await _asterisk.DisposeAsync();
        }

        _folder?.Dispose();
    }

    [Test]
    public async Task It_ends_when_the_last_call_has_ended_and_not_before()
    {
        await AnnounceAsync("--ami", _asterisk.Endpoint, "--ami-secret-file", await EtcdUsers.WritePasswordAsync(_folder, FakeAmi.Secret));
        var draining = Kamrpc.RunAsync(TimeSpan.FromMinutes(1), "drain", "a", "--until-idle", "--etcd", _fleet.Etcd.Endpoint, "-o", "json");
        await CountedAsync(static value => value?.Contains("\"calls\":2", StringComparison.Ordinal) == true);

        // While it waits others see the number.
        var (_, status, _) = await Kamrpc.RunAsync("status", "--etcd", _fleet.Etcd.Endpoint, "-o", "json");
        Assert.That(JsonElement.Parse(status).GetProperty("members")[0].GetProperty("callsUp").GetProperty("calls").GetInt32(), Is.EqualTo(2));
        Assert.That(Fleet.IsEnabled(await _fleet.Kamailio.ListAsync(), A), Is.False, "it gets no new ones");
        Assert.That(draining.IsCompleted, Is.False);
        _asterisk.HasCalls(0, channels: 0);

        var (exitCode, output, errors) = await draining;
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(JsonElement.Parse(output).GetProperty("idle").GetBoolean(), Is.True);
        Assert.That(JsonElement.Parse(output).GetProperty("calls")[0].GetProperty("calls").GetInt32(), Is.Zero);

        (exitCode, _, errors) = await Kamrpc.RunAsync("resume", "a", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That(exitCode, Is.Zero, errors);
        await CountedAsync(static value => string.IsNullOrEmpty(value));
    }

    [Test]
    public async Task A_rolling_restart_needs_no_time_where_the_announcer_is_to_count_and_goes_on_when_the_last_call_has_ended()
    {
        await AnnounceAsync("--label", "box=a", "--ami", _asterisk.Endpoint, "--ami-secret-file", await EtcdUsers.WritePasswordAsync(_folder, FakeAmi.Secret));
        var (exitCode, _, errors) = await Kamrpc.RunAsync("rollout", "rolling", "1", "--exec", "true", "--dry-run", "--etcd", _fleet.Etcd.Endpoint);
        Assert.That((exitCode, errors.Contains("the calls of b (", StringComparison.Ordinal)), Is.EqualTo((4, true)), errors);

        var restarting = Kamrpc.RunAsync(TimeSpan.FromMinutes(1), "rollout", "rolling", "1", "--label", "box=a", "--exec", $"echo $KAMRPC_NAME >>{_folder.File("log")}", "--etcd", _fleet.Etcd.Endpoint);
        await CountedAsync(static value => value?.Contains("\"calls\":2", StringComparison.Ordinal) == true);
        Assert.That((restarting.IsCompleted, File.Exists(_folder.File("log"))), Is.EqualTo((false, false)));
        _asterisk.HasCalls(0, channels: 0);

        (exitCode, _, errors) = await restarting;
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That((await File.ReadAllTextAsync(_folder.File("log")), errors.Contains("warning", StringComparison.Ordinal)), Is.EqualTo(("a\n", false)), errors);
    }

    [Test]
    public async Task Without_a_manager_interface_nobody_knows_and_the_deadline_ends_it()
    {
        await AnnounceAsync();

        var (exitCode, output, errors) = await Kamrpc.RunAsync(TimeSpan.FromMinutes(1), "drain", "a", "--until-idle", "--idle-timeout", "4s", "--etcd", _fleet.Etcd.Endpoint);

        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(errors, Does.Contain("kamrpc: not idle within 4s: a in set 1 (unknown: its announcer tells no count); the drain stays").And.Contain("that has --ami"));
        Assert.That(Fleet.IsEnabled(await _fleet.Kamailio.ListAsync(), A), Is.False);
    }

    [Test]
    public async Task An_announcer_that_may_not_tell_its_calls_says_so_and_announces_as_ever()
    {
        var secret = await EtcdUsers.WritePasswordAsync(_folder, FakeAmi.Secret);
        string[] old = [.. EtcdUsers.AnnouncerPermissions("default", 1).Where(static permission => !permission.Contains("intents", StringComparison.Ordinal) && !permission.Contains("calls", StringComparison.Ordinal))];
        await EtcdUsers.AddAsync(_fleet.Etcd, "old", FakeAmi.Secret, old);
        await EtcdUsers.AddAsync(_fleet.Etcd, "half", FakeAmi.Secret, [.. old, "read --prefix=true /kamrpc/default/intents/1/"]);
        await EtcdUsers.EnableAsync(_fleet.Etcd);
        foreach (var (user, name, uri, told) in new[] { ("old", "a", A, "cannot be read"), ("half", "c", "sip:127.0.62.3:5060", "cannot be told") })
        {
            await _fleet.Etcd.PutAsync("/kamrpc/default/intents/1/" + name, """{"drain":true}""");
            var announcer = await _fleet.AnnounceAsync(name, uri, "--ami", _asterisk.Endpoint, "--ami-secret-file", secret, "--etcd-user", user, "--etcd-password-file", secret);

            await announcer.WaitForLineAsync(told, Fleet.Deadline);

            Assert.That(await _fleet.Etcd.GetAsync("/kamrpc/default/members/1/" + name), Does.Contain(uri));
        }
    }

    [Test]
    public async Task Asterisk_is_in_maintenance_from_when_no_proxy_sends_calls_any_more_until_the_announcer_has_left()
    {
        _asterisk.KnowsMaintenance = true;
        var announcer = await AnnounceAsync("--ami", _asterisk.Endpoint, "--ami-secret-file", await EtcdUsers.WritePasswordAsync(_folder, FakeAmi.Secret), "--maintenance", "kamailio");

        announcer.Signal(UnixSignals.Terminate);
        await _asterisk.WaitForRequestsAsync("PJSIPSetMaintenance", 1);
        Assert.That(Fleet.IsEnabled(await _fleet.Kamailio.ListAsync(), A), Is.False, "no calls come by then");
        Assert.That(_asterisk.InMaintenance.Keys, Is.EqualTo(new[] { "kamailio" }));
        _asterisk.HasCalls(0, channels: 0);
        await announcer.Exited.WaitAsync(Fleet.Deadline);

        Assert.That(_asterisk.InMaintenance, Is.Empty, "Asterisk may go on with another announcer");
    }

    [Test]
    public async Task Whose_endpoint_is_put_into_maintenance_gets_no_calls_until_that_ends()
    {
        _asterisk.KnowsMaintenance = true;
        await AnnounceAsync("--ami", _asterisk.Endpoint, "--ami-secret-file", await EtcdUsers.WritePasswordAsync(_folder, FakeAmi.Secret), "--maintenance", "kamailio");

        // Before it listens nothing is heard.
        await _asterisk.WaitForRequestsAsync("PJSIPShowMaintenance", 1);
        _asterisk.Send(FakeAmi.MaintenanceEvent("kamailio", isOn: true));
        await _fleet.WaitForListAsync(static list => !Fleet.IsEnabled(list, A));

        _asterisk.Send(FakeAmi.MaintenanceEvent("kamailio", isOn: false));
        await _fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, A));
    }

    private async Task<ServerProcess> AnnounceAsync(params string[] options)
    {
        var announcer = await _fleet.AnnounceAsync("a", A, options);
        await _fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, A) && Fleet.IsRoutable(list, B));
        await _fleet.ReportedAsync(2);
        await new Reports(_fleet.Store, "p1").WaitAsync(static status => status.Sets.TryGetValue(1, out var set) && set.Serving == 2);
        return announcer;
    }

    private async Task CountedAsync(Func<string?, bool> condition)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while (!condition(await _fleet.Etcd.GetAsync(Calls)))
        {
            await Task.Delay(20, deadline.Token);
        }
    }
}
