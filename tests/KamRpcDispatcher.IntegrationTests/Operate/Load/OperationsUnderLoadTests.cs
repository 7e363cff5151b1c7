using KamRpcDispatcher.IntegrationTests.Chaos;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate.Load;

/// <summary>What operators do to a fleet costs no call: real etcd, two Kamailios, 100 calls a second, whole dialogs of random length.</summary>
[Category("Matrix")]
public sealed class OperationsUnderLoadTests
{
    /// <summary>What a server takes to come back: it answers nothing meanwhile, and knows no call of before afterwards.</summary>
    private static readonly TimeSpan RestartTime = TimeSpan.FromSeconds(1);

    private LoadedFleet _fleet = null!;

    /// <summary>In each state.</summary>
    private static int Calls => ChaosSettings.IsLong ? 2000 : 150;

    [OneTimeSetUp]
    public async Task StartFleet()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        _fleet = await LoadedFleet.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopFleet() => await (_fleet?.DisposeAsync() ?? default);

    [SetUp]
    public Task CalmFleet() => _fleet.CalmAsync();

    [Test]
    public async Task A_canary_goes_its_steps_and_is_undone()
    {
        await using var operation = new MeasuredOperation(_fleet, "canary 5-25-50-100, and undo");
        await EvenlyAsync(operation, "before");
        var (runner, goOn) = _fleet.Canary("5,25,50,100");
        foreach (var (index, share) in new[] { 5, 25, 50, 100 }.Index())
        {
            await runner.WaitForLineAsync($"step {index + 1} of 4, version=v2 {share}%: applied by p1, p2", Fleet.Deadline);
            await operation.MeasureAsync($"{share} %", _fleet.New, share / 100.0, Calls);
            goOn(index + 1);
        }

        Assert.That(await runner.Exited.WaitAsync(Fleet.Deadline), Is.Zero, runner.Output);
        await _fleet.Both.DoneAsync("rollout", "undo", "1");
        await EvenlyAsync(operation, "undone");
        await operation.EndAsync();
    }

    [Test]
    public async Task A_canary_is_aborted_at_25_per_cent()
    {
        await using var operation = new MeasuredOperation(_fleet, "canary 5-25, and abort");
        await EvenlyAsync(operation, "before");
        var (runner, goOn) = _fleet.Canary("5,25,50,100");
        await runner.WaitForLineAsync("step 1 of 4, version=v2 5%: applied by p1, p2", Fleet.Deadline);
        goOn(1);
        await runner.WaitForLineAsync("step 2 of 4, version=v2 25%: applied by p1, p2", Fleet.Deadline);
        await operation.MeasureAsync("25 %", _fleet.New, 0.25, Calls);
        await _fleet.Both.DoneAsync("rollout", "abort", "1");
        await EvenlyAsync(operation, "aborted");

        Assert.That(await runner.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(1), runner.Output);
        await operation.EndAsync();
    }

    [Test]
    public async Task Blue_and_green_are_switched_there_and_back()
    {
        await using var operation = new MeasuredOperation(_fleet, "blue/green there and back");
        await EvenlyAsync(operation, "before");
        await _fleet.Both.DoneAsync("rollout", "bluegreen", "1", "--label", "version", "--to", "v2");
        await operation.MeasureAsync("there", _fleet.New, 1, Calls);
        await _fleet.Both.DoneAsync("rollout", "bluegreen", "1", "--back");
        await EvenlyAsync(operation, "back");
        await operation.EndAsync();
    }

    [Test]
    public async Task A_weight_goes_from_100_to_10_and_back()
    {
        IReadOnlyList<string> first = [_fleet.Server("m1").Uri];
        await using var operation = new MeasuredOperation(_fleet, "weight of one of six 100-10-100");
        await operation.MeasureAsync("100", first, 1 / 6.0, Calls);
        await _fleet.Both.DoneAsync("weight", "m1", "10");
        await operation.MeasureAsync("10", first, 10 / 510.0, Calls);
        await _fleet.Both.DoneAsync("weight", "m1", "100");
        await operation.MeasureAsync("100", first, 1 / 6.0, Calls);
        await operation.EndAsync();
    }

    [Test]
    public async Task The_weight_of_the_only_member_goes_from_100_to_10_and_back()
    {
        await _fleet.AnnounceAsync(["m1"]);
        IReadOnlyList<string> first = [_fleet.Server("m1").Uri];
        await using var operation = new MeasuredOperation(_fleet, "weight of the only member 100-10-100");
        foreach (var weight in new[] { "100", "10", "100" })
        {
            await _fleet.Both.DoneAsync("weight", "m1", weight);
            await operation.MeasureAsync(weight, first, 1, Calls / 2);
        }

        await operation.EndAsync();
    }

    [Test]
    public async Task Six_servers_are_restarted_by_a_rollout_two_at_a_time()
    {
        await using var operation = new MeasuredOperation(_fleet, "rollout rolling of six, two at a time");
        await EvenlyAsync(operation, "before");
        using var over = new CancellationTokenSource();
        var counting = _fleet.CountCallsAsync(_fleet.Names, over.Token);
        var (runner, back) = _fleet.Rolling(2);
        foreach (var (index, batch) in _fleet.Names.Chunk(2).Index())
        {
            await runner.WaitForLineAsync($"runs the command for {string.Join(", ", batch)}", Fleet.Deadline);
            Assert.That(batch.Select(name => _fleet.Server(name).Up), Is.All.Zero, "they are said to be idle");
            await operation.MeasureAsync($"without {string.Join(" and ", batch)}", [.. batch.Select(name => _fleet.Server(name).Uri)], 0, Calls / 3);
            foreach (var name in batch)
            {
                await _fleet.Server(name).StopAsync();
                await _fleet.Server(name).StartAgainAsync();
                back(name);
            }

            await runner.WaitForLineAsync($"{string.Join(", ", batch)} back: {2 * (index + 1)} of 6 restarted", Fleet.Deadline);
        }

        Assert.That(await runner.Exited.WaitAsync(Fleet.Deadline), Is.Zero, runner.Output);
        await over.CancelAsync();
        await counting;
        await EvenlyAsync(operation, "after");
        await operation.EndAsync();
    }

    /// <summary>The way of the predecessor, with the same servers and calls: what the others do without is lost here.</summary>
    [Test]
    public async Task Control_servers_that_are_stopped_while_a_list_is_rewritten_and_reloaded_lose_calls()
    {
        await using var kamailio = await KamailioServer.StartAsync(new KamailioOptions
        {
            ListFileLines = [.. _fleet.Names.Select(name => $"1 {_fleet.Server(name).Uri}")],

            // A request within a call that nobody answers is given up after 30 s otherwise, for which nobody waits here.
            FinalConfig = """modparam("tm", "fr_timer", 1000)""",
        });
        await using var load = SipLoad.Start(kamailio.Sip, LoadedFleet.CallsPerSecond * 30, LoadedFleet.CallsPerSecond, TimeSpan.FromMilliseconds(100), SipLoadLimits.Endurance, longest: TimeSpan.FromSeconds(2));
        var cut = 0;
        foreach (var name in _fleet.Names.Take(3))
        {
            var server = _fleet.Server(name);
            await server.WaitForAsync(static server => server.Up > 5, Fleet.Deadline);
            cut += server.Up;
            server.Kill();
            await ReloadAsync(kamailio, _fleet.Names.Where(other => other != name));
            await Task.Delay(RestartTime);
            await server.StartAgainAsync();
            await ReloadAsync(kamailio, _fleet.Names);
        }

        var result = await load.FinishAsync();
        await TestContext.Out.WriteLineAsync($"control, three of six restarted without a drain, with a list that is rewritten and reloaded: {cut} calls were up on them; {result}");
        Assert.That(result.Failed, Is.GreaterThan(5));
    }

    private Task EvenlyAsync(MeasuredOperation operation, string name) => operation.MeasureAsync(name, _fleet.New, 2 / 6.0, Calls);

    private async Task ReloadAsync(KamailioServer kamailio, IEnumerable<string> names)
    {
        await File.WriteAllLinesAsync(kamailio.ListFile, names.Select(name => $"1 {_fleet.Server(name).Uri}"));
        await kamailio.CallAsync("dispatcher.reload");
    }
}
