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
        await (_asterisk?.DisposeAsync() ?? default);
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
    public async Task Without_a_manager_interface_nobody_knows_and_the_deadline_ends_it()
    {
        await AnnounceAsync();

        var (exitCode, output, errors) = await Kamrpc.RunAsync(TimeSpan.FromMinutes(1), "drain", "a", "--until-idle", "--idle-timeout", "4s", "--etcd", _fleet.Etcd.Endpoint);

        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(errors, Does.Contain("kamrpc: not idle within 4s: a in set 1 (unknown: its announcer tells no count); the drain stays").And.Contain("that has --ami"));
        Assert.That(Fleet.IsEnabled(await _fleet.Kamailio.ListAsync(), A), Is.False);
    }

    private async Task AnnounceAsync(params string[] options)
    {
        await _fleet.AnnounceAsync("a", A, options);
        await _fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, A) && Fleet.IsRoutable(list, B));
        await new Reports(_fleet.Store, "p1").WaitAsync(static status => status.Sets.TryGetValue(1, out var set) && set.Serving == 2);
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
