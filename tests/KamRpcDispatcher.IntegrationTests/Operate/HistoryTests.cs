using System.Globalization;
using System.Text.Json;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc history</c> and <c>kamrpc prune</c>, with a real etcd and two real Kamailios.</summary>
[Parallelizable]
public sealed class HistoryTests
{
    private const string A = "sip:127.0.61.1:5060";
    private const string B = "sip:127.0.61.2:5060";

    [Test]
    public async Task A_drain_stands_there_with_when_each_proxy_had_it_or_that_it_had_not()
    {
        await using var both = await TwoProxies.StartAsync();
        await both.AnnounceAsync(("a", A), ("b", B));

        var answer = JsonElement.Parse(await both.DoneAsync("drain", "a", "--reason", "upgrade", "--as", "ops@here", "-o", "json"));
        both.SecondDispatcher.Pause();
        Assert.That((await both.RunAsync("resume", "a", "--timeout", "2s", "--as", "ops@here")).ExitCode, Is.EqualTo(1));
        both.SecondDispatcher.Resume();

        var changes = JsonElement.Parse(await both.DoneAsync("history", "1", "-o", "json")).GetProperty("changes").EnumerateArray().ToList();
        Assert.That(changes.Select(static change => change.GetProperty("what").GetString()), Is.EqualTo(new[] { "resume", "drain" }));
        var drain = changes[1];
        Assert.That((drain.GetProperty("revision").GetInt64(), drain.GetProperty("by").GetString(), drain.GetProperty("reason").GetString(), drain.GetProperty("from").GetString()),
            Is.EqualTo((answer.GetProperty("revision").GetInt64(), "ops@here", "upgrade", "ready")));
        var times = drain.GetProperty("acknowledged").EnumerateArray().ToDictionary(static time => time.GetProperty("proxy").GetString()!, static time => time.GetProperty("milliseconds").GetInt64());
        Assert.That(times.Keys, Is.EquivalentTo(new[] { "p1", "p2" }));
        Assert.That(times.Values, Has.All.InRange(0, 30_000));
        Assert.That(changes[0].GetProperty("missing").EnumerateArray().Select(static name => name.GetString()), Is.EqualTo(new[] { "p2" }));

        var table = await both.DoneAsync("history");
        Assert.That(table, Does.Contain("missing p2").And.Match(@"ops@here +drain +1 +a +[0-9]+ +2 of 2 in [0-9]+ms +ready -> drained \(upgrade\)"));
        Assert.That(await both.DoneAsync("history", "7"), Is.EqualTo("No change of set 7 is recorded.\n"));
    }

    [Test]
    public async Task What_is_left_of_a_member_that_is_gone_is_pruned_and_nothing_without_consent()
    {
        await using var both = await TwoProxies.StartAsync();
        await both.AnnounceAsync(("a", A), ("b", B));
        var at = DateTimeOffset.UtcNow.AddDays(-3).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        const string Gone = "/kamrpc/default/intents/1/gone";
        await both.Fleet.Etcd.PutAsync(Gone, $$"""{"drain":true,"by":"x","at":"{{at}}"}""");
        await both.DoneAsync("drain", "a");

        foreach (var options in new[] { Array.Empty<string>(), ["--dry-run"] })
        {
            var (exitCode, output, _) = await both.RunAsync(["prune", .. options]);
            Assert.That(exitCode, Is.EqualTo(5), output);
            Assert.That(output, Does.Match(@" intent +1 +gone +drained, by x +[0-9-]+ +to delete\n1 record to delete\.\n$"));
            Assert.That(await both.Fleet.Etcd.GetAsync(Gone), Is.Not.Null.And.Not.Empty);
        }

        Assert.That(await both.DoneAsync("prune", "--yes"), Does.Contain("1 record deleted at revision "));
        Assert.That(await both.Fleet.Etcd.GetAsync(Gone), Is.Null.Or.Empty);
        Assert.That(await both.Fleet.Etcd.GetAsync("/kamrpc/default/intents/1/a"), Is.Not.Null.And.Not.Empty);
        Assert.That(await both.DoneAsync("prune"), Is.EqualTo("Nothing is left of members or sets that are gone.\n"));
        Assert.That(await both.DoneAsync("history"), Does.Match(" prune +1 +gone +[0-9]+ +1 intent -> deleted\n"));
    }
}
