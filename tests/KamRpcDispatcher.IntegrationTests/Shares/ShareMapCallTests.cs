using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>The snippet sends calls where a share map says, and to the home set where that leads nowhere: with a real Kamailio and real calls.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class ShareMapCallTests
{
    private static readonly IReadOnlyList<int> Numbers = SharedKamailio.Numbers;

    private SharedKamailio? _shared;

    private SharedKamailio Shared => _shared!;

    [TearDown]
    public async Task StopKamailio()
    {
        if (_shared is not null)
        {
            await _shared.DisposeAsync();
        }
    }

    [TestCase(10)]
    [TestCase(50)]
    [TestCase(500)]
    public async Task Two_thousand_calls_go_where_the_map_says_and_are_shared_as_wanted(int thousandths)
    {
        const int Calls = 2000;
        _shared = await SharedKamailio.StartAsync();
        var map = Map(1000 - thousandths, thousandths);
        await Shared.ShareAsync(map);

        var (calls, perSecond) = await Shared.CallAsync(SharedKamailio.NewCalls(Calls));

        var (wanted, measured) = (thousandths / 1000.0, calls.Values.Count(call => call.Server == Shared.Uri("v2")));
        await TestContext.Out.WriteLineAsync($"{measured / (double)Calls:P2} of {Calls} calls for {wanted:P1}, {perSecond:0} a second");
        Assert.Multiple(() =>
        {
            Assert.That(calls.Where(call => call.Value != new QuickCall(200, Shared.ServerOf(map, call.Key))), Is.Empty);
            Assert.That(measured, Is.EqualTo(Calls * wanted).Within(4 * Math.Sqrt(Calls * wanted * (1 - wanted))));
        });
        Assert.That((await Shared.CountAsync(Numbers[0], "v1", Calls), await Shared.CountAsync(Numbers[1], "v2", Calls)), Is.EqualTo((Calls - measured, measured)), "Kamailio's own counts");
    }

    [Test]
    public async Task The_same_caller_stays_with_a_version_while_its_share_grows()
    {
        _shared = await SharedKamailio.StartAsync("#!define KAMRPC_SPLIT_KEY \"caller\"");
        string[] callers = [.. Enumerable.Range(0, 300).Select(static number => $"sip:user-{number}@Example.ORG")];
        HashSet<string> before = [];
        ShareMap? map = null;
        foreach (var thousandths in new[] { 50, 250, 500, 1000 })
        {
            map = Map(1000 - thousandths, thousandths, previous: map);
            await Shared.ShareAsync(map);

            var made = SharedKamailio.NewCalls(callers.Length, number => callers[number]);
            var (calls, _) = await Shared.CallAsync(made);

            Assert.That(
                made.Where(call => calls[call.CallId].Server != Shared.ServerOf(map, "caller:" + call.Caller["sip:".Length..].Replace("Example.ORG", "example.org", StringComparison.Ordinal))),
                Is.Empty);
            HashSet<string> now = [.. made.Where(call => calls[call.CallId].Server == Shared.Uri("v2")).Select(static call => call.Caller)];
            Assert.That(before, Is.SubsetOf(now));
            before = now;
        }

        Assert.That(before, Has.Count.EqualTo(callers.Length));
    }

    [Test]
    public async Task A_call_that_its_class_refuses_goes_to_the_home_set_and_to_nobody_twice()
    {
        _shared = await SharedKamailio.StartAsync();
        await Shared.ShareAsync(Map(1000));
        Shared.Server("v1").Status = "503 Service Unavailable";

        var calls = await Shared.CallAsync(40);

        Assert.That(calls.Select(static call => call.Status), Has.All.EqualTo(200));
        Assert.That((Shared.Server("v1").Calls, Shared.Server("v2").Calls + Shared.Server("v3").Calls), Is.EqualTo((40, 40)));
        Assert.That(await Shared.CountsAsync(40), Is.EqualTo(new Dictionary<string, int> { [$"1:{ShareMap.FirstSet + Numbers[0]}:{Shared.Uri("v1")}"] = 40 }), "a call counts where it is tried first");
    }

    [Test]
    public async Task A_call_that_everybody_refuses_is_tried_as_often_as_any_other()
    {
        _shared = await SharedKamailio.StartAsync("#!define KAMRPC_MAX_TRIES \"2\"");
        await Shared.ShareAsync(Map(1000));
        foreach (var name in new[] { "v1", "v2", "v3" })
        {
            Shared.Server(name).Status = "503 Service Unavailable";
        }

        var calls = await Shared.CallAsync(10);

        Assert.That(calls, Has.All.EqualTo(new QuickCall(503, null)));
        Assert.That((Shared.Server("v1").Calls, Shared.Server("v2").Calls + Shared.Server("v3").Calls), Is.EqualTo((10, 10)), "two tries each");
    }

    [Test]
    public async Task Where_the_home_set_has_nobody_else_the_caller_gets_503_at_once()
    {
        _shared = await SharedKamailio.StartAsync(home: "v1");
        await Shared.ShareAsync(Map(1000));
        Shared.Server("v1").Status = "503 Service Unavailable";

        Assert.That(await Shared.CallAsync(10), Has.All.EqualTo(new QuickCall(503, null)));
        Assert.That(Shared.Server("v1").Calls, Is.EqualTo(10));
    }

    [Test]
    public async Task The_calls_of_a_class_that_is_disabled_go_to_the_home_set()
    {
        _shared = await SharedKamailio.StartAsync(home: "v2");
        await Shared.ShareAsync(Map(1000));
        await Shared.Kamailio.CallAsync("dispatcher.set_state", "d", ShareMap.FirstSet + Numbers[0], Shared.Uri("v1"));

        Assert.That(await Shared.CallAsync(20), Has.All.EqualTo(new QuickCall(200, Shared.Uri("v2"))));
        Assert.That(await Shared.CountAsync(0, "v2", 20), Is.EqualTo(20));
    }

    [TestCase("", Description = "no map")]
    [TestCase("008")]
    [TestCase("000")]
    [TestCase("777", Description = "a class that is not there")]
    [TestCase("x08")]
    public async Task Where_the_map_leads_nowhere_calls_go_to_the_home_set(string slot)
    {
        _shared = await SharedKamailio.StartAsync();
        if (slot.Length > 0)
        {
            // Of a class that is there one slot is missing.
            await Shared.Kamailio.CallAsync("htable.sets", "kamrpc_shares", "1", string.Concat(Enumerable.Repeat(slot, slot == "008" ? ShareMap.Slots - 1 : ShareMap.Slots)));
        }

        var calls = await Shared.CallAsync(30);

        Assert.That(calls.CountBy(static call => call.Server!).Select(static server => server.Value), Is.EqualTo(new[] { 10, 10, 10 }), "in turn, as without a map");
        var counts = await Shared.CountsAsync(slot is "000" or "777" or "x08" ? 30 : 0);
        Assert.That(counts.Values, Is.EqualTo(slot is "000" or "777" or "x08" ? new[] { 10, 10, 10 } : []));
    }

    [Test]
    public async Task A_call_that_comes_again_with_credentials_counts_once()
    {
        _shared = await SharedKamailio.StartAsync();
        await Shared.ShareAsync(Map(1000));
        var made = SharedKamailio.NewCalls(10);
        Shared.Server("v1").Status = "401 Unauthorized";
        var (first, _) = await Shared.CallAsync(made);
        Shared.Server("v1").Status = "200 OK";

        var (second, _) = await Shared.CallAsync(made);

        Assert.That(first.Values.Select(static call => call.Status), Has.All.EqualTo(401));
        Assert.That(second.Values.Select(static call => call.Status), Has.All.EqualTo(200));
        Assert.That((Shared.Server("v1").Calls, await Shared.CountAsync(Numbers[0], "v1", 10)), Is.EqualTo((20, 10)));
    }

    [TestCase("9")]
    [TestCase("11")]
    public async Task In_a_class_nobody_has_a_weight_and_calls_go_round(string algorithm)
    {
        _shared = await SharedKamailio.StartAsync(algorithm: algorithm);
        await Shared.Kamailio.CallAsync("dispatcher.add", ShareMap.FirstSet + Numbers[0], Shared.Uri("v3"), 0);
        await Shared.ShareAsync(Map(1000));

        await Shared.CallAsync(20);

        Assert.That((Shared.Server("v1").Calls, Shared.Server("v2").Calls, Shared.Server("v3").Calls), Is.EqualTo((10, 0, 10)));
    }

    /// <summary>A map of the classes of "v1" and "v2", by thousandths.</summary>
    private static ShareMap Map(int first, int second = 0, ShareMap? previous = null)
    {
        var slots = SlotDeal.Apportion(ShareMap.Slots, [first, second]);
        return SlotDeal.Place([(Numbers[0], slots[0]), (Numbers[1], slots[1])], previous);
    }
}
