using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc rollout</c> with a real etcd, Kamailio and dispatcher.</summary>
[Parallelizable]
public sealed class RolloutTests
{
    private TemporaryFolder _folder = null!;
    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartFleet()
    {
        _folder = new TemporaryFolder();
        _fleet = await Fleet.StartAsync();
        foreach (var (name, version, host) in new[] { ("a", "v1", 1), ("b", "v1", 2), ("c", "v2", 3) })
        {
            await _fleet.PutAsync("1/" + name, $$$"""{"uri":"sip:127.0.64.{{{host}}}:5060","labels":{"version":"{{{version}}}"}}""");
        }

        await _fleet.WaitForListAsync(static list => list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A') == 3);
        await _fleet.ReportedAsync(3);
    }

    [TearDown]
    public async Task StopFleet()
    {
        await (_fleet?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [Test]
    public async Task A_canary_goes_its_steps_and_asks_its_gate_after_each_and_is_undone_in_one()
    {
        var log = _folder.File("gate");
        var (exitCode, output, errors) = await RunAsync("canary", "1", "--label", "version", "--to", "v2", "--steps", "0.5,50,100", "--interval", "0s", "--gate", $"echo $KAMRPC_STEP:$KAMRPC_SHARE >>{log}", "-o", "json");

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(await File.ReadAllLinesAsync(log), Is.EqualTo(new[] { "1:0.5", "2:50", "3:100" }));
        Assert.That(One(output).GetProperty("phase").GetString(), Is.EqualTo("done"));
        Assert.That(await SplitAsync(), Does.Contain("""{"v1":0,"v2":100}"""));
        await _fleet.WaitForListAsync(static list => list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A') == 1);

        (exitCode, output, errors) = await RunAsync("undo", "1", "-o", "json");

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(One(output).GetProperty("applied").GetBoolean(), Is.True);
        Assert.That(await SplitAsync(), Is.Null, "there was none before");
        Assert.That((await _fleet.Kamailio.ListAsync()).Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A'), Is.EqualTo(3));
        (exitCode, _, errors) = await RunAsync("undo", "1");
        Assert.That((exitCode, errors.Contains("it is undone", StringComparison.Ordinal)), Is.EqualTo((4, true)), errors);
    }

    [Test]
    public async Task A_gate_that_says_no_twice_has_the_shares_go_back()
    {
        await _fleet.Etcd.PutAsync(_fleet.Keys.Split(1), """{"label":"version","shares":{"v1":99,"v2":1}}""");
        var (exitCode, output, errors) = await RunAsync("canary", "1", "--label", "version", "--to", "v2", "--interval", "0s", "--gate", "[ $KAMRPC_STEP = 1 ] || exit 1", "-o", "json");

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors, Does.Contain("the gate says no (1 of 2)").And.Contain("the gate says no (2 of 2)").And.Contain("these shares are in force on every proxy"));
        Assert.That((One(output).GetProperty("phase").GetString(), One(output).GetProperty("step").GetInt32()), Is.EqualTo(("failed", 2)));
        Assert.That(await SplitAsync(), Does.Contain("""{"v1":99,"v2":1}"""));
    }

    [Test]
    public async Task Others_pause_promote_and_abort_it_and_a_set_has_one()
    {
        var runner = Start("--interval", "10m", "--on-pause", "wait");
        await runner.WaitForLineAsync("step 1 of 4, version=v2 5%: applied by p1", Fleet.Deadline);

        var (exitCode, _, errors) = await RunAsync("canary", "1", "--label", "version", "--to", "v2");
        Assert.That((exitCode, errors.Contains("refused: set 1 has a rollout", StringComparison.Ordinal)), Is.EqualTo((4, true)), errors);
        await DoneAsync("pause");
        await runner.WaitForLineAsync("paused at step 1 of 4", Fleet.Deadline);
        var status = One(await DoneAsync("status"));
        Assert.That((status.GetProperty("phase").GetString(), status.GetProperty("runPid").ValueKind, status.GetProperty("applied").GetBoolean()), Is.EqualTo(("paused", JsonValueKind.Number, true)));
        await DoneAsync("promote");
        await runner.WaitForLineAsync("step 2 of 4, version=v2 25%: applied by p1", Fleet.Deadline);
        await DoneAsync("abort");

        Assert.That(await runner.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(1));
        Assert.That(await SplitAsync(), Is.Null);
        Assert.That(await _fleet.Etcd.GetAsync(_fleet.Keys.RolloutRunner(1)), Is.Null);
        Assert.That(await DoneAsync("history", isRollout: false), Does.Contain("rollout canary").And.Contain("rollout promote").And.Contain("v1 95%, v2 5%"));
    }

    [Test]
    public async Task A_gate_that_leaves_it_undecided_ends_the_runner_and_who_resumes_it_runs_it()
    {
        var decided = _folder.File("decided");
        var (exitCode, output, errors) = await RunAsync("canary", "1", "--label", "version", "--to", "v2", "--steps", "50,100", "--interval", "0s", "--gate", $"[ -e {decided} ] || exit 75", "-o", "json");

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors.TrimEnd('\n').Split('\n')[^1], Is.EqualTo("kamrpc: paused at step 1 of 2, version=v2 50% (the gate leaves it undecided), and nobody runs it: 'kamrpc rollout resume 1' goes on, from anywhere, promote takes the next step, abort goes back"));
        Assert.That((One(output).GetProperty("phase").GetString(), One(output).GetProperty("runPid").ValueKind), Is.EqualTo(("paused", JsonValueKind.Null)));
        Assert.That(await _fleet.Etcd.GetAsync(_fleet.Keys.RolloutRunner(1)), Is.Null.Or.Empty);

        await File.WriteAllTextAsync(decided, "");
        (exitCode, output, errors) = await RunAsync("resume", "1", "-o", "json");
        Assert.That((exitCode, One(output).GetProperty("phase").GetString()), Is.EqualTo((0, "done")), errors);
    }

    [Test]
    public async Task Who_resumes_it_while_its_runner_ends_has_it_run_by_one_of_them()
    {
        var runner = Start("--interval", "10m");
        await runner.WaitForLineAsync("step 1 of 4, version=v2 5%: applied by p1", Fleet.Deadline);
        await DoneAsync("pause");
        var second = _fleet.Start(["rollout", "resume", "1", "--etcd", _fleet.Etcd.Endpoint]);

        for (var begun = Stopwatch.GetTimestamp(); !(await _fleet.Etcd.GetAsync(_fleet.Keys.Rollout(1)))!.Contains("\"phase\":\"running\"", StringComparison.Ordinal); await Task.Delay(100))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), second.Output);
        }

        await Task.WhenAny(runner.Exited, second.Exited).WaitAsync(Fleet.Deadline);
        Assert.That(await _fleet.Etcd.GetAsync(_fleet.Keys.RolloutRunner(1)), Is.Not.Null.And.Not.Empty, "one of them runs it");
        await DoneAsync("abort");
        Assert.That(await Task.WhenAll(runner.Exited, second.Exited).WaitAsync(Fleet.Deadline), Has.Some.EqualTo(1));
    }

    [Test]
    public async Task Who_was_killed_is_taken_over_and_who_is_stopped_leaves_it_paused()
    {
        var runner = Start("--interval", "10m", "--gate", "true");
        await runner.WaitForLineAsync("step 1 of 4, version=v2 5%: applied by p1", Fleet.Deadline);
        runner.Kill();
        await GoneAsync(_fleet.Keys.RolloutRunner(1));

        var (exitCode, output, _) = await RunAsync("status", "1");
        Assert.That((exitCode, output.Contains("NOBODY", StringComparison.Ordinal)), Is.EqualTo((1, true)), output);
        var second = _fleet.Start(["rollout", "resume", "1", "--etcd", _fleet.Etcd.Endpoint]);
        await second.WaitForLineAsync("its gate, which runs here: true", Fleet.Deadline);
        await second.WaitForLineAsync("step 1 of 4, version=v2 5%: applied by p1", Fleet.Deadline);
        second.Signal(UnixSignals.Interrupt);

        Assert.That(await second.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(1));
        Assert.That(second.Output, Does.Contain("'kamrpc rollout resume 1' goes on"));
        Assert.That(await _fleet.Etcd.GetAsync(_fleet.Keys.Rollout(1)), Does.Contain("\"phase\":\"paused\""));
        Assert.That(await SplitAsync(), Does.Contain("""{"v1":95,"v2":5}"""));
        Assert.That(One(await DoneAsync("abort")).GetProperty("phase").GetString(), Is.EqualTo("aborted"));
    }

    [Test]
    public async Task A_split_that_somebody_else_writes_pauses_it_and_of_two_starts_one_wins()
    {
        var both = new[] { Start("--interval", "10m"), Start("--interval", "10m") };
        var lost = await Task.WhenAny(both.Select(static one => one.Exited)).WaitAsync(Fleet.Deadline);
        Assert.That(await lost, Is.EqualTo(4));
        var runner = both.Single(static one => !one.Exited.IsCompleted);
        await runner.WaitForLineAsync("step 1 of 4, version=v2 5%: applied by p1", Fleet.Deadline);

        string[] split = ["split", "1", "version=v1:80%", "version=v2:20%", "--as", "eve@host", "--etcd", _fleet.Etcd.Endpoint];
        var (exitCode, _, errors) = await Kamrpc.RunAsync(split);
        Assert.That((exitCode, errors.Contains("refused: the rollout of set 1 runs (canary, step 1 of 4, version=v2 5%, by ", StringComparison.Ordinal)), Is.EqualTo((4, true)), errors);
        (exitCode, _, errors) = await Kamrpc.RunAsync([.. split, "--force"]);
        Assert.That((exitCode, errors.Contains("warning: forced: the rollout of set 1 runs", StringComparison.Ordinal)), Is.EqualTo((0, true)), errors);

        await runner.WaitForLineAsync("the split of the set is not the rollout's any more: v1 80%, v2 20%, by eve@host", Fleet.Deadline);
        Assert.That(await SplitAsync(), Does.Contain("""{"v1":80,"v2":20}"""), "nobody overwrites it unasked");
    }

    [Test]
    public async Task A_step_waits_for_those_who_are_to_take_its_calls()
    {
        var go = _folder.File("go");
        var runner = Start("--steps", "5,100", "--interval", "0s", "--gate", $"while [ ! -e {go} ]; do sleep 0.1; done");
        await runner.WaitForLineAsync("step 1 of 2, version=v2 5%: applied by p1", Fleet.Deadline);
        await _fleet.PutAsync("1/c", """{"uri":"sip:127.0.64.3:5060","labels":{"version":"v2"},"state":"down"}""");
        await File.WriteAllTextAsync(go, "");

        await runner.WaitForLineAsync("waits before step 2 of 2, version=v2 100%: version=v2 has 0 ready members in set 1, and --min-ready 1 asks for 1; not counted: c (down)", Fleet.Deadline);
        Assert.That(await SplitAsync(), Does.Contain("""{"v1":95,"v2":5}"""));

        // From wherever somebody looks, within a second.
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while (One(await DoneAsync("status")).GetProperty("runSays").GetString()?.StartsWith("waits before step 2 of 2", StringComparison.Ordinal) != true)
        {
            deadline.Token.ThrowIfCancellationRequested();
        }

        await _fleet.PutAsync("1/c", """{"uri":"sip:127.0.64.3:5060","labels":{"version":"v2"}}""");

        Assert.That(await runner.Exited.WaitAsync(Fleet.Deadline), Is.Zero, runner.Output);
        Assert.That(await SplitAsync(), Does.Contain("""{"v1":0,"v2":100}"""));
    }

    [Test]
    public async Task Blue_and_green_are_switched_there_and_back()
    {
        var (exitCode, _, errors) = await RunAsync("bluegreen", "1", "--label", "version", "--to", "v2");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(await SplitAsync(), Does.Contain("""{"v1":0,"v2":100}"""));

        (exitCode, _, errors) = await RunAsync("bluegreen", "1", "--back");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(await SplitAsync(), Is.Null);
    }

    [Test]
    public async Task Whose_role_may_not_write_rollouts_is_told_what_it_needs()
    {
        var secret = await EtcdUsers.WritePasswordAsync(_folder, "secret");
        await EtcdUsers.AddAsync(_fleet.Etcd, "op", "secret", "readwrite --prefix=true /kamrpc/default/splits/", "read --prefix=true /kamrpc/default/members/");
        await EtcdUsers.EnableAsync(_fleet.Etcd);

        var (exitCode, _, errors) = await RunAsync("canary", "1", "--label", "version", "--to", "v2", "--etcd-user", "op", "--etcd-password-file", secret);

        Assert.That(exitCode, Is.EqualTo(3), errors);
        Assert.That(errors, Does.Contain("its role needs readwrite on the prefixes /kamrpc/default/rollouts/, /kamrpc/default/splits/ and /kamrpc/default/history/"));
    }

    private static JsonElement One(string output) => JsonElement.Parse(output).GetProperty("rollouts")[0];

    private ServerProcess Start(params string[] options) => _fleet.Start(["rollout", "canary", "1", "--label", "version", "--to", "v2", .. options, "--etcd", _fleet.Etcd.Endpoint]);

    private Task<string?> SplitAsync() => _fleet.Etcd.GetAsync(_fleet.Keys.Split(1));

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync(TimeSpan.FromMinutes(1), ["rollout", .. arguments, "--etcd", _fleet.Etcd.Endpoint]);

    private async Task<string> DoneAsync(string action, bool isRollout = true)
    {
        var (exitCode, output, errors) = isRollout ? await RunAsync(action, "1", "-o", "json") : await Kamrpc.RunAsync(action, "1", "--etcd", _fleet.Etcd.Endpoint, "-o", "json");
        Assert.That(exitCode, Is.Zero, action + errors);
        return output;
    }

    private async Task GoneAsync(string key)
    {
        for (var begun = Stopwatch.GetTimestamp(); !string.IsNullOrEmpty(await _fleet.Etcd.GetAsync(key)); await Task.Delay(100))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline));
        }
    }
}
