using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary><c>kamrpc dispatch --once</c> and <c>--dry-run</c> at a real Kamailio: the one ends when it is in step, the other says what it would change and changes nothing.</summary>
[Parallelizable]
public sealed class OnceTests
{
    private const string Members = "/kamrpc/default/members/";
    private const string One = "sip:127.0.0.1:7001";
    private const string Carrier = "sip:127.0.0.1:7009";

    private EtcdServer _etcd = null!;
    private KamailioServer _kamailio = null!;
    private TemporaryFolder _folder = null!;

    [SetUp]
    public async Task StartAsync()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        _folder = new TemporaryFolder();
        _etcd = await EtcdServer.StartAsync();
        _kamailio = await KamailioServer.StartAsync(new KamailioOptions { ListFileLines = [$"1 {Carrier} 0 0 duid=carrier"], PingInterval = TimeSpan.Zero });
    }

    [TearDown]
    public async Task StopAsync()
    {
        await (_kamailio?.DisposeAsync() ?? default);
        await (_etcd?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [Test]
    public async Task What_would_be_changed_is_said_and_not_done_and_then_done_once()
    {
        await _etcd.PutAsync(Members + "1/a", $$"""{"uri":"{{One}}"}""");
        await _etcd.PutAsync(Members + "1/twin", $$"""{"uri":"{{Carrier}}"}""");
        var before = await ListAsync();

        var (exitCode, output, errors) = await RunAsync("--dry-run");
        Assert.That((exitCode, errors), Is.EqualTo((5, string.Empty)), output);
        Assert.That(output, Does.Match($@"(?m)^ +\+ +1 +a +{One} +is added *$").And.Contain("1 to add, 0 to change, 0 to remove; nothing was changed.").And.Contain("left as it is: set 1: twin: somebody else has put the same destination there"));
        Assert.That(await ListAsync(), Is.EqualTo(before));
        Assert.That(await _etcd.GetAsync("/kamrpc/default/proxies/p1"), Is.Null);
        var (plan, planned, _) = await PlanAsync();
        Assert.That((plan, planned), Is.EqualTo((5, $"  +  1  a  {One}  is added\nPlan: 1 to add, 0 to change, 0 to remove.\n{output[output.IndexOf("left as it is", StringComparison.Ordinal)..]}")));
        Assert.That(await ListAsync(), Is.EqualTo(before));

        (exitCode, output, errors) = await RunAsync("--once");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Contain("In step with revision "));
        Assert.That(await ListAsync(), Is.SupersetOf(before.Append(One)));

        (exitCode, output, errors) = await RunAsync("--dry-run");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.StartWith("Nothing would be changed.\n"));
        (plan, planned, _) = await PlanAsync();
        Assert.That((plan, planned.Split('\n')[0]), Is.EqualTo((0, "Plan: 0 to add, 0 to change, 0 to remove.")));

        await _etcd.PutAsync(Members + "1/a", $$"""{"uri":"{{One}}","state":"draining"}""");
        (exitCode, output, _) = await RunAsync("--dry-run", "-o", "json");
        var change = JsonElement.Parse(output).GetProperty("changes").EnumerateArray().Single();
        Assert.That((exitCode, change.GetProperty("change").GetString(), change.GetProperty("name").GetString(), change.GetProperty("uri").GetString()), Is.EqualTo((5, "disable", "a", One)));
    }

    /// <summary>Whether one whose key is gone is so for good is known after two seconds: it is not in step before.</summary>
    [Test]
    public async Task Who_has_left_since_the_last_time_gets_no_calls_when_it_ends()
    {
        await _etcd.PutAsync(Members + "2/a", $$"""{"uri":"{{One}}"}""");
        await _etcd.PutAsync(Members + "2/b", """{"uri":"sip:127.0.0.1:7002"}""");
        Assert.That((await RunAsync("--once")).ExitCode, Is.Zero);
        await _etcd.DeleteAsync(Members + "2/b");

        var (exitCode, _, errors) = await RunAsync("--once");

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That((await _kamailio.ListAsync()).Where(static entry => entry.Set == 2).ToDictionary(static entry => entry.Uri, static entry => entry.Flags[0]), Is.EqualTo(new Dictionary<string, char> { [One] = 'A', ["sip:127.0.0.1:7002"] = 'D' }), errors);
        Assert.That((await RunAsync("--dry-run")).Output, Does.StartWith("Nothing would be changed.\nleft as it is: set 2: sip:127.0.0.1:7002: it is disabled and nobody wants it"));

        Assert.That((await RunAsync("--once")).ExitCode, Is.Zero);
        Assert.That(await ListAsync(), Does.Contain(One).And.Not.Contain("sip:127.0.0.1:7002"), "the next one removes what it finds disabled");
    }

    /// <summary>Of many that are gone at once half of the set stays, for a daemon that starts as well as for this.</summary>
    [Test]
    public async Task Of_a_set_that_is_gone_at_once_half_is_kept_which_is_said_and_is_no_success()
    {
        for (var number = 1; number <= 4; number++)
        {
            await _etcd.PutAsync($"{Members}2/m{number}", $$"""{"uri":"sip:127.0.0.1:710{{number}}","weight":{{number}}}""");
        }

        Assert.That((await RunAsync("--once")).ExitCode, Is.Zero);
        for (var number = 1; number <= 4; number++)
        {
            await _etcd.DeleteAsync($"{Members}2/m{number}");
        }

        var (_, output, _) = await RunAsync("--dry-run", "-o", "json");
        var rehearsed = JsonElement.Parse(output);
        var (exitCode, _, errors) = await RunAsync("--once");
        var disabled = (await _kamailio.ListAsync()).Where(static entry => entry is { Set: 2, Flags: ['D', ..] }).Select(static entry => entry.Uri);

        Assert.That((exitCode, disabled.Count()), Is.EqualTo((1, 2)), errors);
        Assert.That(errors, Does.Contain("kamrpc: 2 members that are gone are kept, since too many went at once (PANIC)"));
        Assert.That(rehearsed.GetProperty("changes").EnumerateArray().Where(static change => change.GetProperty("set").GetInt32() == 2).Select(static change => change.GetProperty("uri").GetString()), Is.EquivalentTo(disabled));
        Assert.That(rehearsed.GetProperty("leftAsItIs").EnumerateArray().Select(static left => left.GetProperty("reason").GetString()), Has.Exactly(2).Contains("would be kept (PANIC)"));
    }

    [Test]
    public async Task What_Kamailio_refuses_is_no_success()
    {
        await _etcd.PutAsync(Members + "1/a", $$"""{"uri":"{{One}}"}""");
        await _etcd.PutAsync(Members + "1/secure", """{"uri":"sip:127.0.0.1:7002;transport=tls"}""");

        var (exitCode, _, errors) = await RunAsync("--once");

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Does.EndWith("kamrpc: 1 change that the members ask for is not made; the log says which, and why\n"));
        Assert.That(await ListAsync(), Does.Contain(One), "what can be done is done");
    }

    [Test]
    public async Task What_cannot_be_read_is_exit_code_3_and_what_goes_with_nothing_2()
    {
        Assert.That((await RunAsync("--dry-run", "--once")).ExitCode, Is.EqualTo(2));
        Assert.That((await RunAsync("-o", "json")).Errors, Does.Contain("--output: goes with --dry-run"));

        _kamailio.Kill();
        await _kamailio.Gone;
        var (exitCode, output, errors) = await RunAsync("--dry-run");
        Assert.That((exitCode, output), Is.EqualTo((3, string.Empty)), errors);
        Assert.That(errors, Does.StartWith("kamrpc: ").And.Contain(_kamailio.RpcAddress.Split(':')[^1]));
    }

    [Test]
    public async Task One_that_is_stopped_before_it_is_in_step_says_so()
    {
        _etcd.Pause();
        await using var once = ServerProcess.Start(KamrpcProgram.File, [.. KamrpcProgram.Prefix, .. Arguments("--once")]);
        await once.WaitForLineAsync("Waiting for the membership from etcd", Fleet.Deadline);

        once.Signal(UnixSignals.Terminate);

        Assert.That(await once.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(1), once.Output);
        Assert.That(once.Output, Does.Contain("kamrpc: stopped before Kamailio was in step"));
        _etcd.Resume();
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] more) => Kamrpc.RunAsync(Arguments(more));

    private Task<(int ExitCode, string Output, string Errors)> PlanAsync() => Kamrpc.RunAsync("plan", "--etcd", _etcd.Endpoint, "--kamailio", _kamailio.RpcAddress);

    private string[] Arguments(params string[] more) => ["dispatch", "--etcd", _etcd.Endpoint, "--kamailio", _kamailio.RpcAddress, "--proxy", "p1", "--state-dir", _folder.Path, .. more];

    private async Task<List<string>> ListAsync() => [.. (await _kamailio.ListAsync()).Select(static entry => entry.Uri)];
}
