using System.Text.Json;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc split</c> and <c>kamrpc weight</c> as an operator calls them, with an etcd that is made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class SplitCommandTests : IAsyncDisposable
{
    private const string Split = "/kamrpc/default/splits/1";
    private const string Intent = "/kamrpc/default/intents/1/a";

    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.Model.Put("/kamrpc/default/members/1/a", """{"uri":"sip:10.0.0.1","weight":80,"labels":{"version":"v1"}}""", lease: 7);
        _etcd.Model.Put("/kamrpc/default/members/1/b", """{"uri":"sip:10.0.0.2","labels":{"version":"v2"}}""", lease: 7);
    }

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? default;

    [TestCase("split", "split needs SET, such as: kamrpc split 1 ver=v1:95%")]
    [TestCase("split 9", "set 9 has no member, and is not split; ")]
    [TestCase("split x --clear", "SET: 'x' is not")]
    [TestCase("split 1 version=v1:100", "a split names two values at least: write the others too, those without calls with 0, such as version=v1:100 version=OTHER:0; --clear shares calls among all")]
    [TestCase("split 1 version=v1:90 version=v2:5", "shares: together 95, not 100")]
    [TestCase("split 1 version=v1:99.95 version=v2:0.05", "'version=v1:99.95': '99.95' is not a percentage from 0 to 100 in steps of 0.1, such as 5% or 0.5%")]
    [TestCase("split 1 version=v1:120% version=v2:-20%", "'version=v1:120%': '120%' is not a percentage")]
    [TestCase("split 1 version=v1:50 colour=green:50", "a set is split by one label, not by version and colour")]
    [TestCase("split 1 version=v1:50 version=v1:50", "version=v1 is given twice")]
    [TestCase("split 1 v1:50 v2:50", "'v1:50' is not label=value:share, such as version=v2:5%")]
    [TestCase("split 1 version=v1:50 version=v2:50 --clear", "--clear: goes without shares: give one of the two")]
    [TestCase("weight", "weight needs a weight, or --reset, such as: kamrpc weight asterisk-1 50")]
    [TestCase("weight 50", "weight needs NAME, or --label, such as: kamrpc weight asterisk-1 50")]
    [TestCase("weight a b", "'b' is no weight, which comes last: a number from 1 to 100, or --reset")]
    [TestCase("weight a 101", "the weight 101 is not from 1 to 100")]
    [TestCase("weight a 0", "the weight 0 is not from 1 to 100; who is to get no new calls is drained: kamrpc drain")]
    [TestCase("weight c 50", "there is no member 'c'; ")]
    public async Task What_is_wrong_is_told_and_nothing_is_done(string line, string error)
    {
        var (exitCode, output, errors) = await RunAsync(line.Split(' '));

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)), errors);
        Assert.That(errors, Does.StartWith("kamrpc: " + error));
        Assert.That((_etcd.Model.Value(Split), _etcd.Model.Value(Intent)), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public async Task Half_a_percent_and_nothing_are_shares_and_a_dry_run_writes_none()
    {
        var (exitCode, output, errors) = await RunAsync("split", "1", "version=v1:99.5", "version=v2:0.5%", "--dry-run");
        Assert.That((exitCode, errors), Is.EqualTo((5, string.Empty)));
        Assert.That(output, Does.Match(@"\n +version=v1 +- +99\.5 % +1 +1019\n +version=v2 +- +0\.5 % +1 +5\n(.+\n)+ +1 +a +44\.4 % +99\.5 %\n +1 +b +55\.6 % +0\.5 %\n(.+\n)+ +1 +none +no proxy reports that serves the set: nobody would do anything\nNothing is written: a dry run\. This split would be written\.\n$"));
        Assert.That(_etcd.Model.Value(Split), Is.Null);

        (exitCode, output, errors) = await RunAsync("split", "1", "version=v1:0", "version=v2:100", "--no-wait", "-o", "json");
        Assert.That(exitCode, Is.Zero, errors);
        var shares = JsonElement.Parse(output).GetProperty("shares");
        Assert.That((shares[0].GetProperty("after").GetDouble(), shares[1].GetProperty("slots").GetInt32()), Is.EqualTo((0.0, 1024)));
        Assert.That(_etcd.Model.Value(Split), Does.StartWith("""{"label":"version","shares":{"v1":0,"v2":100},"by":"""));

        (exitCode, output, errors) = await RunAsync("split", "1", "version=v1:0", "version=v2:100", "--dry-run");
        Assert.That(exitCode, Is.Zero, output + errors);
    }

    [Test]
    public async Task A_weight_keeps_the_drain_and_its_reason_a_resume_keeps_the_weight_and_a_reset_leaves_nothing()
    {
        _etcd.Model.Put(Intent, """{"drain":true,"by":"other@host","at":"2026-01-31T12:00:00Z","reason":"disk"}""");

        var (exitCode, output, errors) = await RunAsync("weight", "a", "50", "--as", "ops@host", "--no-wait");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(output, Does.Match(@"\n +1 +a +50 +80 +-\nWritten at revision \d+; "));
        Assert.That(_etcd.Model.Value(Intent), Does.StartWith("""{"drain":true,"weight":50,"by":"other@host","at":"2026-01-31T12:00:00Z","reason":"disk","weighed":{"by":"ops@host","at":"""));

        (exitCode, _, errors) = await RunAsync("resume", "a", "--as", "ops@host", "--no-wait", "--force");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(_etcd.Model.Value(Intent), Does.StartWith("""{"weight":50,"by":"ops@host","at":"""));

        (exitCode, _, errors) = await RunAsync("weight", "--label", "version=v1", "--reset", "--no-wait");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(_etcd.Model.Value(Intent), Is.Null);
    }

    [Test]
    public async Task A_weight_does_not_replace_an_intent_that_may_hold_a_drain()
    {
        _etcd.Model.Put(Intent, "{broken");

        var (exitCode, _, errors) = await RunAsync("weight", "a", "50", "--no-wait");

        Assert.That(exitCode, Is.EqualTo(4), errors);
        Assert.That(errors, Does.StartWith("kamrpc: refused: the intent of 1/a cannot be read ("));
        Assert.That(_etcd.Model.Value(Intent), Is.EqualTo("{broken"));
    }

    [Test]
    public async Task Dry_runs_of_drains_and_weights_write_nothing_and_refuse_what_would_be_refused()
    {
        foreach (var (line, code) in new[] { ("drain a", 5), ("drain a b", 4), ("resume a", 0), ("weight a 50", 5), ("weight a --reset", 0) })
        {
            var (exitCode, output, errors) = await RunAsync([.. line.Split(' '), "--dry-run"]);
            Assert.That(exitCode, Is.EqualTo(code), line + output + errors);
            Assert.That(_etcd.Model.Value(Intent), Is.Null);
        }
    }

    [TestCase("drain a", "1/a 44.4 0, 1/b 55.6 100")]
    [TestCase("weight a 20", "1/a 44.4 16.7, 1/b 55.6 83.3")]
    [TestCase("weight b --reset", null)]
    public async Task Dry_runs_say_who_would_get_which_share(string line, string? shares)
    {
        var (_, output, errors) = await RunAsync([.. line.Split(' '), "--dry-run", "-o", "json"]);

        var forecast = JsonElement.Parse(output).GetProperty("forecast").EnumerateArray();
        Assert.That(string.Join(", ", forecast.SelectMany(static set => set.GetProperty("shares").EnumerateArray().Select(member => $"{set.GetProperty("set")}/{member.GetProperty("name")} {member.GetProperty("before")} {member.GetProperty("after")}"))), Is.EqualTo(shares ?? string.Empty), errors);
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync([.. arguments, "--etcd", _etcd.Endpoint]);
}
