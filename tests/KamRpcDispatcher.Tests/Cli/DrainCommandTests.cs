using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>kamrpc drain</c> and <c>kamrpc resume</c> as an operator calls them, with an etcd that is made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class DrainCommandTests : IAsyncDisposable
{
    private const string Intent = "/kamrpc/default/intents/1/a";

    private FakeEtcd _etcd = null!;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.Model.Put("/kamrpc/default/members/1/a", """{"uri":"sip:10.0.0.1","labels":{"zone":"a"}}""", lease: 7);
        _etcd.Model.Put("/kamrpc/default/members/1/b", """{"uri":"sip:10.0.0.2"}""", lease: 7);
    }

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? default;

    [Test]
    public async Task It_is_done_when_the_proxy_has_said_so_and_a_resume_likewise()
    {
        Report(silenced: 1, revision: 1);
        var applying = ApplyAsync(static value => value is not null);
        var (exitCode, output, errors) = await RunAsync("drain", "a", "--reason", "kernel update", "--as", "ops@host", "-o", "json");
        await applying;

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Is.Empty);
        var answer = JsonElement.Parse(output);
        Assert.That((answer.GetProperty("applied").GetBoolean(), answer.GetProperty("changed")[0].GetProperty("was").GetString()), Is.EqualTo((true, "ready")));
        Assert.That(_etcd.Model.Value(Intent), Does.StartWith("""{"drain":true,"by":"ops@host","at":""").And.EndWith("""Z","reason":"kernel update"}"""));

        applying = ApplyAsync(static value => value is null);
        (exitCode, output, errors) = await RunAsync("resume", "--label", "zone=a", "--as", "ops@host");
        await applying;
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(output, Does.Match(@"\n +1 +a +resume +drained +1 of 1\n1 member is what it announces: applied and read back by p1\.\n"));
    }

    [Test]
    public async Task A_proxy_that_does_not_apply_it_in_time_is_named_and_the_wish_stays()
    {
        Report(silenced: 1, revision: 1);

        var (exitCode, output, errors) = await RunAsync("drain", "a", "--timeout", "3s");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Is.EqualTo("""
            kamrpc: waits for p1 (has not applied it yet)
            kamrpc: not applied within 3s: missing p1 (has not applied it yet); it stays written, and is applied when they can ('kamrpc resume' takes it back)

            """));
        Assert.That(output, Does.Contain(" 0 of 1\n").And.Contain("NOT known to be applied by anybody"));
        Assert.That(_etcd.Model.Value(Intent), Is.Not.Null);
    }

    [Test]
    public async Task Whoever_ends_the_waiting_does_not_end_the_change()
    {
        Report(silenced: 1, revision: 1);

        var (exitCode, output, errors) = await Kamrpc.RunProgramAsync("timeout", ["--preserve-status", "-s", "INT", "5", "dotnet", typeof(ExitCode).Assembly.Location, "drain", "a", "--etcd", _etcd.Endpoint]);

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Does.EndWith("kamrpc: the waiting was ended, not the change: missing p1 (has not applied it yet); it stays written, and is applied when they can ('kamrpc resume' takes it back)\n"));
        Assert.That(output, Does.Contain("NOT known to be applied by anybody"));
        Assert.That(_etcd.Model.Value(Intent), Is.Not.Null);
    }

    [Test]
    public async Task Without_a_proxy_nobody_has_applied_it_which_is_said_at_once()
    {
        var (exitCode, output, errors) = await RunAsync("drain", "a");

        Assert.That((exitCode, errors), Is.EqualTo((1, "kamrpc: nobody has applied it: no proxy reports; it stays written\n")));
        Assert.That(output, Does.EndWith("and NOT known to be applied by anybody.\n"));
    }

    [Test]
    public async Task Nobody_need_wait_and_then_nothing_is_said_of_the_proxies()
    {
        var (exitCode, output, errors) = await RunAsync("drain", "a", "--no-wait");

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.Match(@"\n +1 +a +drain +ready +-\nWritten at revision \d+; whether the proxies have applied it is not waited for\.\n"));
    }

    [Test]
    public async Task Until_idle_it_waits_for_the_end_of_calls_and_says_who_still_has_how_many()
    {
        Report(silenced: 1, revision: 1);
        using var over = new CancellationTokenSource();
        var counting = CountAsync([.. Enumerable.Repeat("""{"calls":2}""", 100), """{"calls":0,"channels":0}"""], over.Token);
        var applying = ApplyAsync(static value => value is not null);

        var (exitCode, output, errors) = await RunAsync("drain", "a", "--until-idle", "-o", "json");
        await applying;
        await over.CancelAsync();
        await counting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Match(@"^kamrpc: waits for a in set 1 \(2 calls, \d+s ago\)\n"));
        var answer = JsonElement.Parse(output);
        Assert.That(answer.GetProperty("idle").GetBoolean(), Is.True);
        Assert.That((answer.GetProperty("calls")[0].GetProperty("calls").GetInt32(), answer.GetProperty("calls")[0].GetProperty("idle").GetBoolean()), Is.EqualTo((0, true)));
    }

    [Test]
    public async Task Where_nobody_counts_the_calls_the_deadline_ends_it_and_nothing_is_taken_for_none()
    {
        Report(silenced: 1, revision: 1);
        var applying = ApplyAsync(static value => value is not null);

        var (exitCode, output, errors) = await RunAsync("drain", "a", "--until-idle", "--idle-timeout", "700ms");
        await applying;

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Is.EqualTo("""
            kamrpc: not idle within 700ms: a in set 1 (unknown: its announcer tells no count); the drain stays ('kamrpc resume' takes it back)
            kamrpc: calls are counted by an announcer beside Asterisk that has --ami, and whose role in etcd may read intents/ and write calls/; or by Kamailio, where the snippet of every proxy has KAMRPC_DIALOGS

            """));
        Assert.That(output, Does.Match(@"\n +1 +a +drain +ready +1 of 1 +unknown\n1 member gets no new calls: applied and read back by p1\. Whether calls are up is NOT KNOWN of all\.\n"));
        Assert.That(_etcd.Model.Value(Intent), Is.Not.Null);
    }

    [Test]
    public async Task Calls_that_are_up_at_the_deadline_are_told_with_their_number()
    {
        Report(silenced: 1, revision: 1);
        using var over = new CancellationTokenSource();
        var counting = CountAsync(["""{"calls":3}"""], over.Token);
        var applying = ApplyAsync(static value => value is not null);

        var (exitCode, output, errors) = await RunAsync("drain", "a", "--until-idle", "--idle-timeout", "2s");
        await applying;
        await over.CancelAsync();
        await counting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Does.Match(@"(?m)^kamrpc: not idle within 2s: a in set 1 \(3 calls, \d+s ago\); the drain stays"));
        Assert.That(output, Does.Match(@" 1 of 1 +3 calls, \d+s ago\n").And.Contain(" Calls are STILL UP."));
    }

    [Test]
    public async Task Before_every_proxy_has_it_calls_are_not_waited_for()
    {
        Report(silenced: 1, revision: 1);

        var (exitCode, output, errors) = await RunAsync("drain", "a", "--until-idle", "--timeout", "1s", "-o", "json");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.EndWith("kamrpc: whether calls are up is not waited for, as new ones may still come\n"));
        Assert.That((JsonElement.Parse(output).GetProperty("idle").ValueKind, JsonElement.Parse(output).GetProperty("calls").GetArrayLength()), Is.EqualTo((JsonValueKind.Null, 0)));
    }

    [Test]
    public async Task Who_asks_for_the_end_of_calls_waits_for_the_proxies_whatever_a_variable_says()
    {
        var (exitCode, _, errors) = await RunAsync(["drain", "a", "--until-idle"], ("KAMRPC_NO_WAIT", "1"));

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.StartWith("kamrpc: nobody has applied it: no proxy reports"));
    }

    [Test]
    public async Task What_would_leave_nobody_is_refused_unless_it_is_forced()
    {
        var (exitCode, output, errors) = await RunAsync("drain", "a", "b");
        Assert.That((exitCode, output, errors), Is.EqualTo((4, string.Empty, """
            kamrpc: refused: set 1 would be left with no ready member, and --min-ready 1 asks for 1
            kamrpc: nothing was written; --force drains nevertheless

            """)));
        Assert.That(_etcd.Model.Value(Intent), Is.Null);

        (exitCode, _, errors) = await RunAsync("drain", "a", "b", "--force", "--no-wait");
        Assert.That(exitCode, Is.Zero, errors);
    }

    [Test]
    public async Task What_takes_a_drain_back_is_told_as_it_works_for_who_asked()
    {
        Report(silenced: 1, revision: 1);

        var (_, _, errors) = await RunAsync("drain", "a", "--timeout", "500ms", "--as", "deploy");
        Assert.That(errors, Does.EndWith("is applied when they can ('kamrpc resume' with the same --as takes it back)\n"));

        Assert.That((await RunAsync("resume", "a", "--no-wait")).ExitCode, Is.EqualTo(4), "another one is refused");
        Assert.That((await RunAsync("resume", "a", "--no-wait", "--as", "deploy")).ExitCode, Is.Zero);
    }

    [Test]
    public async Task What_another_one_drained_is_told_by_a_drain_and_refused_to_a_resume()
    {
        await RunAsync("drain", "a", "--no-wait", "--as", "tom@h1", "--reason", "disks");

        var (exitCode, output, errors) = await RunAsync("resume", "a", "--as", "olga@h2");
        Assert.That((exitCode, output), Is.EqualTo((4, string.Empty)));
        Assert.That(errors, Does.Match(@"^kamrpc: refused: 1/a is drained by tom@h1 since [0-9TZ:-]+ \(disks\): that drain is not yours \(olga@h2\)\nkamrpc: nothing was written; --force resumes nevertheless\n$"));

        (exitCode, output, errors) = await RunAsync("drain", "a", "--no-wait", "--as", "olga@h2");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(output, Does.Match(@"\na was drained by tom@h1 since [0-9TZ:-]+ \(disks\) already: the drain is olga@h2's now, and nobody else takes it back without --force\.\n$"));

        (exitCode, output, errors) = await RunAsync("resume", "a", "--no-wait", "--as", "tom@h1", "--force", "-o", "json");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(JsonElement.Parse(output).GetProperty("changed")[0].GetProperty("earlier").GetProperty("by").GetString(), Is.EqualTo("olga@h2"));
        Assert.That(_etcd.Model.Value(Intent), Is.Null);
    }

    [Test]
    public async Task Names_that_nobody_has_are_told_with_what_may_have_been_meant()
    {
        _etcd.Model.Put("/kamrpc/default/members/1/asterisk-1", """{"uri":"sip:10.0.0.3"}""", lease: 7);

        var (exitCode, output, errors) = await RunAsync("resume", "asterix-1");

        Assert.That((exitCode, output, errors), Is.EqualTo((2, string.Empty, "kamrpc: there is no member 'asterix-1'; did you mean asterisk-1?\nkamrpc: nothing was written\n")));
    }

    [Test]
    public async Task To_resume_whom_nobody_has_drained_is_done_already()
    {
        var (exitCode, output, errors) = await RunAsync("resume", "a", "b");

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.Contain("\nNothing to do: nobody is drained. Whether every proxy"));
    }

    [Test]
    public async Task Variables_that_describe_another_commands_member_drain_nobody_and_that_is_said()
    {
        var (exitCode, output, errors) = await RunAsync(["drain", "a", "--no-wait"], ("KAMRPC_SET", "7"), ("KAMRPC_LABEL", "zone=a"), ("KAMRPC_FORCE", "1"));
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(output, Does.Match(@"\n +1 +a +drain "));
        Assert.That(errors, Is.EqualTo("""
            kamrpc: warning: KAMRPC_LABEL is set, and does not count for drain: give --label where it is meant
            kamrpc: warning: KAMRPC_SET is set, and does not count for drain: give --set where it is meant
            kamrpc: warning: KAMRPC_FORCE is set, and does not count for drain: give --force where it is meant

            """));

        (exitCode, _, errors) = await RunAsync(["drain", "b", "--no-wait"], ("KAMRPC_FORCE", "1"));
        Assert.That(exitCode, Is.EqualTo(4), errors);
    }

    [TestCase("drain", "drain needs NAME, or --label, such as: kamrpc drain asterisk-1")]
    [TestCase("resume", "resume needs NAME, or --label, such as: kamrpc resume asterisk-1")]
    [TestCase("drain a --label zone=a", "--label: goes without names: give one of the two")]
    [TestCase("drain --label zone", "--label: 'zone' is not name=value")]
    [TestCase("drain a --min-ready 0", "--min-ready: '0' is neither a number from 1 on nor a percentage")]
    [TestCase("drain a --wait --no-wait", "--no-wait: contradicts --wait")]
    [TestCase("drain a --until-idle --no-wait", "--no-wait: contradicts --until-idle")]
    [TestCase("drain a --idle-timeout 5s", "--idle-timeout: goes with --until-idle, which is not given")]
    [TestCase("drain a --until-idle --idle-timeout soon", "--idle-timeout: 'soon' is not a duration from 100ms to")]
    [TestCase("resume a --until-idle", "--until-idle is not an option of resume, but of drain")]
    [TestCase("drain a --timeout 0s", "--timeout: '0s' is not a duration from 100ms to")]
    [TestCase("drain a --set x", "--set: 'x' is not a number")]
    [TestCase("weight a 5 --force", "--force is not an option of weight, but of drain, resume, split, proxy, rollout, apply, cfg")]
    [TestCase("drain a --bogus", "--bogus is not an option of drain")]
    public async Task What_is_wrong_is_told_and_nothing_is_done(string line, string error)
    {
        var (exitCode, output, errors) = await RunAsync(line.Split(' '));

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)), errors);
        Assert.That(errors, Does.StartWith("kamrpc: " + error));
        Assert.That(_etcd.Model.Value(Intent), Is.Null);
    }

    [Test]
    public async Task A_reason_is_one_line_of_what_can_be_read()
    {
        var (exitCode, _, errors) = await RunAsync("drain", "a", "--reason", new string('x', 257), "--as", "a\nb");

        Assert.That((exitCode, errors), Is.EqualTo((2, "kamrpc: --as: has characters that are not printed\nkamrpc: --reason: has 257 characters, more than 256\nTry 'kamrpc drain --help'.\n")));
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(arguments, []);

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] arguments, params (string Name, string Value)[] environment) =>
        Kamrpc.RunAsync([.. arguments, "--etcd", _etcd.Endpoint], environment);

    /// <summary>Applies what is written, as a dispatcher does.</summary>
    private async Task ApplyAsync(Func<string?, bool> isWritten)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!isWritten(_etcd.Model.Value(Intent)))
        {
            await Task.Delay(5, deadline.Token);
        }

        var revision = _etcd.Model.Header.Revision;
        Report(revision, revision);
    }

    /// <summary>Counts calls, as an announcer does: the values one after another, and the last one again and again.</summary>
    private async Task CountAsync(string[] values, CancellationToken over)
    {
        for (var index = 0; ; index++)
        {
            _etcd.Model.Put("/kamrpc/default/calls/1/a", values[Math.Min(index, values.Length - 1)], lease: 7);
            await Task.Delay(100, over);
        }
    }

    private void Report(long silenced, long revision) => _etcd.Model.Put(
        "/kamrpc/default/proxies/p1",
        string.Create(CultureInfo.InvariantCulture, $$$"""{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","writtenAt":"{{{DateTimeOffset.UtcNow.UtcDateTime:O}}}","kamailio":"5.6","drift":0,"sets":{"1":{"destinations":2,"routable":2}},"applies":["members","intents"],"intents":{"revision":{{{revision}}},"silenced":{{{silenced}}}}}"""),
        lease: 7);
}
