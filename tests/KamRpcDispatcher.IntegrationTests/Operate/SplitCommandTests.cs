using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.IntegrationTests.Shares;
using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc split</c> and <c>kamrpc weight</c>, with a real etcd and two real Kamailios.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class SplitCommandTests
{
    [Test]
    public async Task It_ends_when_both_Kamailios_have_the_map_and_names_who_does_not()
    {
        await using var both = await TwoProxies.StartAsync();
        await AnnounceAsync(both);

        var answer = JsonElement.Parse(await both.DoneAsync("split", "1", "version=v1:95%", "version=v2:5%", "-o", "json"));
        Assert.That(answer.GetProperty("shares").EnumerateArray().Select(static share => share.GetProperty("slots").GetInt32()), Is.EqualTo(new[] { 973, 51 }));
        foreach (var kamailio in new[] { both.Fleet.Kamailio, both.Second })
        {
            var map = await ListedMap.OfAsync(kamailio);
            Assert.That((map!.Counts.Values.Order().ToArray(), map.CountOf(0)), Is.EqualTo((new[] { 51, 973 }, 0)), "at the moment of the answer");
        }

        both.SecondDispatcher.Pause();
        var (exitCode, output, errors) = await both.RunAsync("split", "1", "version=v1:0", "version=v2:100", "--timeout", "3s");
        both.SecondDispatcher.Resume();
        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(errors, Does.Contain("missing p2 ("));
        Assert.That(output, Does.Contain("applied by p1, and NOT known to be by p2"));

        await both.DoneAsync("split", "1", "--clear");
        Assert.That((await ListedMap.OfAsync(both.Fleet.Kamailio), await ListedMap.OfAsync(both.Second)), Is.EqualTo(((ShareMap?)null, (ShareMap?)null)));
        Assert.That(await both.DoneAsync("history", "1"), Does.Contain("version=v1:0 v2:100").And.Contain("not split"));
    }

    [Test]
    public async Task Of_two_operators_at_once_each_sees_what_the_other_one_has_written()
    {
        await using var both = await TwoProxies.StartAsync();
        await AnnounceAsync(both);

        var answers = await Task.WhenAll(both.RunAsync("split", "1", "version=v1:90", "version=v2:10", "--as", "one"), both.RunAsync("split", "1", "version=v1:40", "version=v2:60", "--as", "other"));

        Assert.That(answers.Select(static answer => answer.ExitCode), Is.All.AnyOf(0, 1), string.Join('\n', answers.Select(static answer => answer.Errors)));
        var changes = JsonElement.Parse(await both.DoneAsync("history", "1", "-o", "json")).GetProperty("changes").EnumerateArray()
            .Select(static change => (By: change.GetProperty("by").GetString(), From: change.GetProperty("from").GetString(), To: change.GetProperty("to").GetString())).ToList();
        Assert.That(changes.Select(static change => change.By), Is.EquivalentTo(new[] { "one", "other" }));
        Assert.That((changes[1].From, changes[0].From), Is.EqualTo(("not split", changes[1].To)), "the second one knows what it replaces");
        var canary = changes[0].By == "one" ? 102 : 614;
        Assert.That(async () => (await ListedMap.OfAsync(both.Second))?.Counts.Values, Is.EquivalentTo(new[] { canary, ShareMap.Slots - canary }).After((int)Fleet.Deadline.TotalMilliseconds, 50));
    }

    [Test]
    public async Task A_weight_is_in_force_in_both_Kamailios_when_it_ends_and_equal_weights_need_no_map()
    {
        await using var both = await TwoProxies.StartAsync();
        await AnnounceAsync(both);

        await both.DoneAsync("weight", "a", "10");
        foreach (var kamailio in new[] { both.Fleet.Kamailio, both.Second })
        {
            Assert.That((await ListedMap.OfAsync(kamailio))!.Counts.Values.Order(), Is.EqualTo(new[] { 93, 931 }), "10 of 110, of 1,024 slots");
        }

        await both.DoneAsync("weight", "a", "--reset");
        Assert.That((await ListedMap.OfAsync(both.Fleet.Kamailio), await ListedMap.OfAsync(both.Second)), Is.EqualTo(((ShareMap?)null, (ShareMap?)null)));
    }

    private static async Task AnnounceAsync(TwoProxies both)
    {
        await both.Fleet.PutAsync("1/a", """{"uri":"sip:127.0.64.1:5060","labels":{"version":"v1"}}""");
        await both.Fleet.PutAsync("1/b", """{"uri":"sip:127.0.64.2:5060","labels":{"version":"v2"}}""");
        await both.InBothAsync(static list => Fleet.IsRoutable(list, "sip:127.0.64.1:5060") && Fleet.IsRoutable(list, "sip:127.0.64.2:5060"));
        await both.CountedAsync(2);
    }
}
