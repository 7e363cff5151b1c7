using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc apply</c>, with a real etcd and two real Kamailios.</summary>
[Parallelizable]
public sealed class ApplyTests
{
    [Test]
    public async Task What_is_declared_is_in_both_Kamailios_when_it_ends_and_what_is_pruned_is_in_neither()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("site.json");
        await using var both = await TwoProxies.StartAsync();
        await both.Fleet.PutAsync("1/a", """{"uri":"sip:127.0.65.1:5060","labels":{"version":"v1"}}""");
        await both.Fleet.PutAsync("1/b", """{"uri":"sip:127.0.65.2:5060","labels":{"version":"v1"}}""");
        await both.Fleet.PutAsync("1/c", """{"uri":"sip:127.0.65.3:5060","labels":{"version":"v2"}}""");
        await both.InBothAsync(static list => Fleet.IsRoutable(list, "sip:127.0.65.1:5060") && Fleet.IsRoutable(list, "sip:127.0.65.2:5060") && Fleet.IsRoutable(list, "sip:127.0.65.3:5060"));
        await both.CountedAsync(3);
        await File.WriteAllTextAsync(file, """{"owner":"git","sets":{"1":{"drain":["a"],"split":{"label":"version","shares":{"v1":75,"v2":25}}}}}""");

        var (exitCode, output, errors) = await both.RunAsync("apply", "-f", file, "--dry-run");
        Assert.That((exitCode, errors), Is.EqualTo((5, string.Empty)), output);
        Assert.That(output, Does.Match(@"^ *\+ +1 +a +as announced -> drained\n *\+ +1 +(- +)?not split -> version=v1:75 v2:25\nPlan: 2 to add, 0 to change, 0 to remove\.\n(.+\n)+ +1 +p2 +disables a, adds 3 destinations of classes, shares the calls by a new map\nNothing is written: a dry run\.\n$"));

        output = await both.DoneAsync("apply", "-f", file);
        Assert.That(await both.AreBothAsync(static list => !Fleet.IsRoutable(list, "sip:127.0.65.1:5060")), "at the moment of the answer");
        Assert.That(output, Does.Contain("; applied and read back by p1, p2."));
        foreach (var kamailio in new[] { both.Fleet.Kamailio, both.Second })
        {
            Assert.That((await kamailio.CallAsync("htable.get", "kamrpc_shares", "1")).GetProperty("item").GetProperty("value").GetString(), Is.Not.Empty);
        }

        var again = JsonElement.Parse(await both.DoneAsync("apply", "-f", file, "-o", "json"));
        Assert.That((again.GetProperty("result").GetString(), again.GetProperty("applied").GetBoolean(), again.GetProperty("changes").GetArrayLength()), Is.EqualTo(("unchanged", true, 0)));

        await File.WriteAllTextAsync(file, """{"owner":"git","sets":{}}""");
        await both.DoneAsync("apply", "-f", file, "--prune");
        await both.InBothAsync(static list => Fleet.IsRoutable(list, "sip:127.0.65.1:5060"));
        Assert.That(await both.DoneAsync("history", "1"), Does.Contain("apply"));
    }
}
