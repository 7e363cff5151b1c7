using System.Collections.Concurrent;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.IntegrationTests.Shares;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate.Load;

/// <summary>What a step costs Kamailio, counted on its RPC socket: one map, and no destination.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class StepChangesTests
{
    private const int Old = 180;
    private const int New = 20;

    /// <summary>The set of what tells whether somebody has reloaded the list, which no call goes to.</summary>
    private const string Sentinel = "2000000000";

    private readonly ConcurrentQueue<(string Method, string Request)> _requests = [];
    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartFleet()
    {
        _requests.Clear();
        _fleet = await Fleet.StartAsync(new FleetOptions { RelaySeed = 1 });
        _fleet.Relay!.OnRequest = request =>
        {
            if (!request.Contains(Sentinel, StringComparison.Ordinal))
            {
                _requests.Enqueue((JsonElement.Parse(request).GetProperty("method").GetString()!, request));
            }
        };
        for (var number = 0; number < Old + New; number++)
        {
            await _fleet.PutAsync($"1/m{number}", $$$"""{"uri":"sip:127.0.65.{{{number + 1}}}:5060","labels":{"version":"{{{(number < Old ? "v1" : "v2")}}}"}}""");
        }

        await _fleet.WaitForListAsync(static list => list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A') == Old + New);
        await _fleet.ReportedAsync(Old + New);
        await new Reports(_fleet.Store).WaitAsync(static status => status.Sets.TryGetValue(1, out var set) && set.Serving == Old + New);
    }

    [TearDown]
    public async Task StopFleet() => await (_fleet?.DisposeAsync() ?? default);

    [Test]
    public async Task A_canary_of_four_steps_over_200_members_changes_no_destination_once_its_classes_stand()
    {
        using var folder = new TemporaryFolder();
        var go = folder.File("go");
        var runner = _fleet.Start(
        [
            "rollout", "canary", "1", "--label", "version", "--to", "v2", "--steps", "5,25,50,100", "--interval", "0s", "--gate", $"while [ ! -e {go} ]; do sleep 0.1; done",
            "--etcd", _fleet.Etcd.Endpoint,
        ]);
        await runner.WaitForLineAsync("step 1 of 4, version=v2 5%: applied by p1", Fleet.Deadline);
        Assert.That(Structural(), Has.Count.EqualTo(2 * (Old + New)), "each in the set and in its class");
        _requests.Clear();
        await File.WriteAllTextAsync(go, string.Empty);

        Assert.That(await runner.Exited.WaitAsync(TimeSpan.FromMinutes(1)), Is.Zero, runner.Output);
        await TestContext.Out.WriteLineAsync($"steps 2 to 4: {Maps().Count} maps, {Structural().Count} structural changes, {Count("dispatcher.set_state")} changes of state");
        Assert.That((Maps().Count, Structural().Count), Is.EqualTo((3, 0)), string.Join('\n', Maps()));
        Assert.That(Count("dispatcher.set_state"), Is.EqualTo(Old), "whoever has no share any more gets no calls by fail-over either");
    }

    [Test]
    public async Task Weights_of_200_members_change_no_destination_of_the_home_set_and_only_whose_weight_it_is_in_the_classes()
    {
        await WeightAsync("m1", "50");
        _requests.Clear();
        await WeightAsync("m1", "10");
        await TestContext.Out.WriteLineAsync($"a new weight: {Maps().Count} maps, {Structural().Count} structural changes");
        Assert.That(() => Structural(), Has.Exactly(2).Items.And.All.Contain("sip:127.0.65.2:5060").After((int)Fleet.Deadline.TotalMilliseconds, 20), "from one class to another one; the old one is left when the new map was read back");

        await WeightAsync("m2", "10");
        Assert.That((await ListedMap.OfAsync(_fleet.Kamailio))!.Counts.Values.Order(), Is.EqualTo(new[] { 1, 1023 }), "20 of 19,820, of 1,024 slots");
        Assert.That(Structural().Where(static request => !request.Contains("[" + ShareMap.FirstSet / 1000, StringComparison.Ordinal)), Is.Empty, "nothing in the home set");
    }

    private async Task WeightAsync(string name, string weight)
    {
        var (exitCode, output, errors) = await Kamrpc.RunAsync(TimeSpan.FromMinutes(1), "weight", name, weight, "--etcd", _fleet.Etcd.Endpoint);
        Assert.That(exitCode, Is.Zero, output + errors);
    }

    /// <summary>Each once: one whose answer comes late is written again.</summary>
    private IReadOnlyList<string> Maps() =>
        [.. _requests.Where(static request => request.Method == "htable.sets" && request.Request.Contains("kamrpc_shares", StringComparison.Ordinal)).Select(static request => Parameters(request.Request)).Distinct()];

    /// <summary>Likewise.</summary>
    private int Count(string method) => _requests.Where(request => request.Method == method).Select(static request => Parameters(request.Request)).Distinct().Count();

    private static string Parameters(string request) => JsonElement.Parse(request).GetProperty("params").ToString();

    private IReadOnlyList<string> Structural() =>
        [.. _requests.Where(static request => request.Method is "dispatcher.add" or "dispatcher.remove" or "dispatcher.reload").Select(static request => request.Request)];
}
