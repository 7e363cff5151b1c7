using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc proxy drain</c> and <c>kamrpc proxy resume</c> as an operator calls them, with an etcd that is made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class ProxyCommandTests : IAsyncDisposable
{
    private const string Intent = "/kamrpc/default/intents/proxies/edge-1";

    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        Report("edge-1", 1, isDrained: false);
        Report("edge-2", 1, isDrained: false);
    }

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? default;

    [Test]
    public async Task It_is_done_when_that_proxy_says_that_it_follows_and_a_resume_likewise()
    {
        var following = FollowAsync(static value => value is not null);
        var (exitCode, output, errors) = await RunAsync("drain", "edge-1", "--reason", "new disk", "--as", "ops@host");
        await following;
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.Match(@"^ +PROXY +WISH +BEFORE +FOLLOWED\n +edge-1 +drain +reporting +yes\n1 proxy asks its VIP to leave, and 'kamrpc health' fails there\.\n$"));
        Assert.That(_etcd.Model.Value(Intent), Does.StartWith("""{"drain":true,"by":"ops@host","at":""").And.EndWith("""Z","reason":"new disk"}"""));

        following = FollowAsync(static value => value is null);
        (exitCode, output, errors) = await RunAsync("resume", "edge-1", "-o", "json", "--as", "ops@host");
        await following;
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        var answer = JsonElement.Parse(output);
        Assert.That(answer.GetProperty("applied").GetBoolean(), Is.True);
        Assert.That(answer.GetProperty("changed")[0].GetRawText().Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings(""), Is.EqualTo("""{"set":null,"name":"edge-1","wish":"resume","was":"drained","earlier":null}"""));
    }

    [Test]
    public async Task A_dry_run_says_what_each_would_do_and_writes_nothing()
    {
        _etcd.Model.Put("/kamrpc/default/proxies/edge-3", Text("edge-3", "\"applies\":[\"members\",\"intents\"]"), lease: 7);
        var (exitCode, output, errors) = await RunAsync("drain", "edge-1", "edge-3", "--dry-run");
        Assert.That((exitCode, errors), Is.EqualTo((5, string.Empty)));
        Assert.That(string.Join(' ', output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)), Does.Contain(
            "PROXY WOULD edge-1 fails 'kamrpc health' there, so that its VIP leaves; calls that come are routed as before edge-3 nothing: it does not follow what is wished of proxies (an older kamrpc, or its role in etcd may not read it)").And.EndsWith("Nothing is written: a dry run. 2 proxies would be changed."));
        Assert.That(_etcd.Model.Value(Intent), Is.Null);

        (exitCode, output, errors) = await RunAsync("drain", "edge-1", "--dry-run", "-o", "json");
        var forecast = JsonElement.Parse(output).GetProperty("forecast")[0];
        Assert.That((exitCode, forecast.GetProperty("set").ValueKind, forecast.GetProperty("proxies")[0].GetProperty("name").GetString()), Is.EqualTo((5, JsonValueKind.Null, "edge-1")), errors);

        Assert.That((await RunAsync("drain", "edge-1", "edge-2", "edge-3", "--dry-run")).ExitCode, Is.EqualTo(4), "the last ones");
        (exitCode, output, errors) = await RunAsync("resume", "edge-1", "--dry-run");
        Assert.That((exitCode, output.Contains("it is so already", StringComparison.Ordinal)), Is.EqualTo((0, true)), errors);
    }

    [Test]
    public async Task A_proxy_of_an_older_kamrpc_is_missing_and_not_done()
    {
        _etcd.Model.Put("/kamrpc/default/proxies/edge-1", Text("edge-1", "\"applies\":[\"members\",\"intents\"]"), lease: 7);

        var (exitCode, output, errors) = await RunAsync("drain", "edge-1", "--timeout", "500ms");

        Assert.That((exitCode, errors), Is.EqualTo((1, "kamrpc: not applied within 500ms: missing edge-1 (does not follow what is wished of proxies: an older kamrpc, or its etcd role may not read it); it stays written, and is applied when they can ('kamrpc proxy resume' takes it back)\n")));
        Assert.That(output, Does.Match(" no\nWritten at revision [0-9]+, and NOT known to be followed by anybody\\.\n"));
    }

    [Test]
    public async Task The_last_one_is_refused_unless_it_is_forced_and_two_operators_do_not_take_both()
    {
        var (exitCode, output, errors) = await RunAsync("drain", "edge-1", "edge-2");
        Assert.That((exitCode, output, errors), Is.EqualTo((4, string.Empty, """
            kamrpc: refused: no proxy would be left that reports, is not drained, and reaches its Kamailio
            kamrpc: nothing was written; --force drains nevertheless

            """)));

        // The other operator is between the reading and the writing of this one.
        var isFirst = true;
        _etcd.Before = (request, _) =>
        {
            if (request is Etcdserverpb.TxnRequest && isFirst)
            {
                isFirst = false;
                _etcd.Model.Put("/kamrpc/default/intents/proxies/edge-2", """{"drain":true}""");
            }

            return Task.CompletedTask;
        };
        (exitCode, _, errors) = await RunAsync("drain", "edge-1", "--no-wait");
        Assert.That(exitCode, Is.EqualTo(4), errors);
        Assert.That(errors, Does.Contain("not counted: edge-2 (drained)"));
        Assert.That(_etcd.Model.Value(Intent), Is.Null);

        (exitCode, output, errors) = await RunAsync("drain", "edge-1", "--no-wait", "--force");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.Match("\nWritten at revision [0-9]+; whether they follow it is not waited for\\.\n"));
    }

    [Test]
    public async Task One_whose_report_goes_meanwhile_is_counted_on_no_more()
    {
        var isFirst = true;
        _etcd.Before = (request, _) =>
        {
            if (request is Etcdserverpb.TxnRequest && isFirst)
            {
                isFirst = false;
                _etcd.Model.Delete("/kamrpc/default/proxies/edge-2");
            }

            return Task.CompletedTask;
        };

        var (exitCode, _, errors) = await RunAsync("drain", "edge-1", "--no-wait");

        Assert.That((exitCode, _etcd.Model.Value(Intent)), Is.EqualTo((4, (string?)null)), errors);
    }

    [Test]
    public async Task One_that_is_down_is_drained_in_advance_by_force_and_that_it_does_not_follow_yet_is_said_at_once()
    {
        var (exitCode, _, errors) = await RunAsync("drain", "edge-9");
        Assert.That((exitCode, errors), Is.EqualTo((2, "kamrpc: no proxy 'edge-9' reports; there are edge-1 and edge-2; --force drains one that does not report; did you mean edge-1?\nkamrpc: nothing was written\n")));

        (exitCode, _, errors) = await RunAsync("drain", "edge-9", "--force");
        Assert.That((exitCode, errors), Is.EqualTo((1, "kamrpc: edge-9 (does not report: its dispatcher does not run, or does not reach etcd; it follows when it does); it stays written ('kamrpc proxy resume' takes it back)\n")));
        Assert.That(_etcd.Model.Value("/kamrpc/default/intents/proxies/edge-9"), Is.Not.Null);
    }

    [TestCase("drain", "proxy drain needs PROXY, such as: kamrpc proxy drain edge-1")]
    [TestCase("", "proxy needs ACTION, such as: kamrpc proxy drain edge-1")]
    [TestCase("stop edge-1", "'stop' is not drain or resume")]
    [TestCase("drain edge-1 --set 1", "--set is not an option of proxy, but of")]
    public async Task What_is_wrong_is_told_and_nothing_is_done(string line, string error)
    {
        var (exitCode, output, errors) = await RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)), errors);
        Assert.That(errors, Does.StartWith("kamrpc: " + error));
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync(["proxy", .. arguments, "--etcd", _etcd.Endpoint]);

    /// <summary>Follows what is written, as a dispatcher does.</summary>
    private async Task FollowAsync(Func<string?, bool> isWritten)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!isWritten(_etcd.Model.Value(Intent)))
        {
            await Task.Delay(5, deadline.Token);
        }

        Report("edge-1", _etcd.Model.Header.Revision, _etcd.Model.Value(Intent) is not null);
    }

    private void Report(string name, long revision, bool isDrained) => _etcd.Model.Put(
        "/kamrpc/default/proxies/" + name,
        Text(name, string.Create(CultureInfo.InvariantCulture, $"\"applies\":[\"members\",\"intents\",\"proxies\"],\"proxy\":{{\"revision\":{revision},\"drained\":{(isDrained ? "true" : "false")}}}")),
        lease: 7);

    private static string Text(string name, string fields) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","writtenAt":"{{DateTimeOffset.UtcNow.UtcDateTime:O}}","kamailio":"5.6","drift":0,"sets":{},"version":"{{name}}",{{fields}}}""");
}
