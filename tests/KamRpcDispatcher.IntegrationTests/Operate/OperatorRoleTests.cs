using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary>What the role of an operator has to be allowed in etcd, and what is said where it is not.</summary>
[Parallelizable]
public sealed class OperatorRoleTests
{
    private const string Intent = "/kamrpc/default/intents/1/a";

    private TemporaryFolder _folder = null!;
    private EtcdServer _etcd = null!;
    private string _password = "";

    [OneTimeSetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl");
        _folder = new TemporaryFolder();
        _password = await EtcdUsers.WritePasswordAsync(_folder, "secret");
        _etcd = await EtcdServer.StartAsync();
        await _etcd.PutAsync("/kamrpc/default/members/1/a", """{"uri":"sip:10.0.0.1"}""");
        await _etcd.PutAsync("/kamrpc/default/members/1/b", """{"uri":"sip:10.0.0.2"}""");
        await _etcd.PutAsync("/kamrpc/default/members/2/c", """{"uri":"sip:10.0.0.3","labels":{"version":"v1"}}""");
        await _etcd.PutAsync("/kamrpc/default/members/2/d", """{"uri":"sip:10.0.0.4","labels":{"version":"v2"}}""");
        await EtcdUsers.AddAsync(_etcd, "undivided", "secret", [.. EtcdUsers.OperatorPermissions("default").Where(static permission => !permission.Contains("splits", StringComparison.Ordinal))]);
        await EtcdUsers.AddAsync(_etcd, "operator", "secret", EtcdUsers.OperatorPermissions("default"));
        await EtcdUsers.AddAsync(_etcd, "status", "secret", EtcdUsers.StatusPermissions("default"));
        await EtcdUsers.AddAsync(_etcd, "reader", "secret", [.. EtcdUsers.StatusPermissions("default"), "read --prefix=true /kamrpc/default/intents/"]);
        await EtcdUsers.AddAsync(_etcd, "older", "secret", [.. EtcdUsers.OperatorPermissions("default").Where(static permission => !permission.Contains("calls", StringComparison.Ordinal))]);
        await EtcdUsers.AddAsync(_etcd, "unrecorded", "secret", [.. EtcdUsers.OperatorPermissions("default").Where(static permission => !permission.Contains("history", StringComparison.Ordinal))]);
        await EtcdUsers.AddAsync(_etcd, "dispatcher", "secret", EtcdUsers.DispatcherPermissions("default", "p1"));
        await EtcdUsers.AddAsync(_etcd, "nobody", "secret", "read --prefix=true /kamrpc/default/elsewhere/");
        await EtcdUsers.EnableAsync(_etcd);
    }

    [OneTimeTearDown]
    public async Task StopEtcd()
    {
        await (_etcd?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [Test]
    public async Task An_operators_role_is_enough_for_both()
    {
        var (exitCode, _, errors) = await RunAsync("operator", "drain", "a", "--no-wait");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(await _etcd.GetAsync(Intent), Does.Contain("\"drain\":true"));

        (exitCode, _, errors) = await RunAsync("operator", "resume", "a");
        Assert.That((exitCode, errors), Is.EqualTo((1, "kamrpc: nobody has applied it: no proxy reports; it stays written\n")));
    }

    [Test]
    public async Task An_operators_role_is_enough_for_weights_splits_rollouts_and_their_history()
    {
        await DoneAsync("weight", "c", "10", "--no-wait");
        await DoneAsync("split", "2", "version=v1:95", "version=v2:5", "--no-wait");
        await SplitAsync("""{"v1":95,"v2":5}""");

        // No proxy is there to apply its step, or that it goes back.
        var runner = RunAsync("operator", "rollout", "canary", "2", "--label", "version", "--to", "v2", "--steps", "50,100");
        await SplitAsync("""{"v1":50,"v2":50}""");
        var (exitCode, _, errors) = await RunAsync("operator", "rollout", "abort", "2", "--timeout", "1s");
        Assert.That(exitCode, Is.EqualTo(1), errors);
        await SplitAsync("""{"v1":95,"v2":5}""");
        await runner;
        Assert.That(await DoneAsync("history", "2"), Does.Contain("rollout abort").And.Contain("rollout canary").And.Contain(" split ").And.Contain(" weight "));

        await DoneAsync("split", "2", "--clear", "--no-wait");
        await DoneAsync("weight", "c", "--reset", "--no-wait");

        async Task SplitAsync(string shares)
        {
            for (var begun = Stopwatch.GetTimestamp(); await _etcd.GetAsync("/kamrpc/default/splits/2") is var split && split?.Contains(shares, StringComparison.Ordinal) != true; await Task.Delay(50))
            {
                Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), split);
            }
        }

        async Task<string> DoneAsync(params string[] arguments)
        {
            var (exitCode, output, errors) = await RunAsync("operator", arguments);
            Assert.That(exitCode, Is.Zero, $"{string.Join(' ', arguments)}: {output}{errors}");
            return output;
        }
    }

    [TestCase("status", "weight d 10", "/kamrpc/default/intents/")]
    [TestCase("reader", "weight d 10", "/kamrpc/default/intents/")]
    [TestCase("status", "split 2 version=v1:50 version=v2:50", "/kamrpc/default/splits/")]
    [TestCase("undivided", "split 2 version=v1:50 version=v2:50", "/kamrpc/default/splits/")]
    [TestCase("undivided", "rollout canary 2 --label version --to v2", "/kamrpc/default/splits/")]
    [TestCase("status", "rollout canary 2 --label version --to v2", "/kamrpc/default/rollouts/")]
    public async Task Who_may_not_write_what_shares_calls_is_told_what_to_grant_and_nothing_is_written(string user, string command, string prefix)
    {
        var before = await SharesAsync();
        var (exitCode, output, errors) = await RunAsync(user, command.Split(' '));

        Assert.That((exitCode, output), Is.EqualTo((3, string.Empty)), errors);
        Assert.That(errors, Does.Contain("nothing was written\n"));
        Assert.That(errors, Does.Match($"kamrpc: its role needs readwrite on the prefixes [^\n]*{prefix}[^\n]*/kamrpc/default/history/"));
        Assert.That(await SharesAsync(), Is.EqualTo(before));

        async Task<IReadOnlyList<string>> SharesAsync() =>
            [.. await _etcd.ValuesAsync("/kamrpc/default/splits/"), .. await _etcd.ValuesAsync("/kamrpc/default/intents/"), .. await _etcd.ValuesAsync("/kamrpc/default/rollouts/")];
    }

    [TestCase("status")]
    [TestCase("reader")]
    public async Task Who_may_not_write_is_told_what_to_grant_and_nothing_is_written(string user)
    {
        var (exitCode, output, errors) = await RunAsync(user, "drain", "b");

        Assert.That((exitCode, output), Is.EqualTo((3, string.Empty)));
        Assert.That(errors, Does.Contain("refuses (permission denied").And.Contain("kamrpc: its role needs readwrite on the prefixes /kamrpc/default/intents/ and /kamrpc/default/history/, and read on /kamrpc/default/members/ and /kamrpc/default/proxies/"));
        Assert.That(await _etcd.GetAsync("/kamrpc/default/intents/1/b"), Is.Null.Or.Empty);
    }

    [Test]
    public async Task Who_may_not_write_the_history_changes_nothing_and_is_told_which_right_is_missing()
    {
        var (exitCode, output, errors) = await RunAsync("unrecorded", "drain", "b", "--no-wait");

        Assert.That((exitCode, output), Is.EqualTo((4, string.Empty)));
        Assert.That(errors, Does.StartWith("kamrpc: refused: etcd does not let the history be written, and nothing is changed without its entry there: its role needs readwrite on the prefix /kamrpc/default/history/ ").And.EndWith("kamrpc: nothing was written\n"));
        Assert.That(await _etcd.GetAsync("/kamrpc/default/intents/1/b"), Is.Null.Or.Empty);

        var before = await _etcd.GetAsync("/kamrpc/default/rollouts/2");
        (exitCode, output, errors) = await RunAsync("unrecorded", "rollout", "rolling", "2", "--drain-time", "0s", "--exec", "true");
        Assert.That((exitCode, output), Is.EqualTo((4, string.Empty)), errors);
        Assert.That(errors, Does.StartWith("kamrpc: refused: etcd does not let the history be written").And.EndWith("kamrpc: nothing was written\n"));
        Assert.That(await _etcd.GetAsync("/kamrpc/default/rollouts/2"), Is.EqualTo(before));

        (exitCode, _, errors) = await RunAsync("unrecorded", "history");
        Assert.That((exitCode, errors.Contains("its role needs read on the prefix /kamrpc/default/history/", StringComparison.Ordinal)), Is.EqualTo((3, true)), errors);
    }

    [Test]
    public async Task Who_may_not_read_counts_of_calls_is_told_before_anybody_is_drained_for_that()
    {
        var (exitCode, output, errors) = await RunAsync("older", "drain", "b", "--until-idle");
        Assert.That((exitCode, output), Is.EqualTo((3, string.Empty)));
        Assert.That(errors, Does.Contain("nothing was written").And.Contain("and for --until-idle on /kamrpc/default/calls/"));
        Assert.That(await _etcd.GetAsync("/kamrpc/default/intents/1/b"), Is.Null.Or.Empty);

        var before = await _etcd.GetAsync("/kamrpc/default/rollouts/2");
        (exitCode, output, errors) = await RunAsync("older", "rollout", "rolling", "2", "--force", "--exec", "true");
        Assert.That((exitCode, output), Is.EqualTo((4, string.Empty)), errors);
        Assert.That(errors, Does.StartWith("kamrpc: refused: its role in etcd needs read on the prefix /kamrpc/default/calls/").And.EndWith("kamrpc: nothing was written\n"));
        Assert.That(await _etcd.GetAsync("/kamrpc/default/rollouts/2"), Is.EqualTo(before));

        (exitCode, _, errors) = await RunAsync("older", "drain", "b", "--no-wait", "--force");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), "as ever without");
        (exitCode, _, errors) = await RunAsync("older", "resume", "b", "--no-wait");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
    }

    [Test]
    public async Task Who_applies_a_file_needs_splits_besides_and_may_read_rollouts()
    {
        var file = _folder.File("site.json");
        await File.WriteAllTextAsync(file, """{"owner":"git","sets":{"2":{"weights":{"x":5},"split":{"label":"version","shares":{"v1":50,"v2":50}}}}}""");
        await _etcd.PutAsync("/kamrpc/default/members/2/x", """{"uri":"sip:10.0.1.1","labels":{"version":"v1"}}""");
        await _etcd.PutAsync("/kamrpc/default/members/2/y", """{"uri":"sip:10.0.1.2","labels":{"version":"v2"}}""");

        var (exitCode, output, errors) = await RunAsync("undivided", "apply", "-f", file, "--no-wait");
        Assert.That((exitCode, output), Is.EqualTo((3, string.Empty)));
        Assert.That(errors, Does.Contain("nothing was written\nkamrpc: its role needs readwrite on the prefixes /kamrpc/default/intents/, /kamrpc/default/splits/ and /kamrpc/default/history/, and read on /kamrpc/default/members/, /kamrpc/default/proxies/ and /kamrpc/default/rollouts/"));

        (exitCode, output, errors) = await RunAsync("operator", "apply", "-f", file, "--no-wait");
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        Assert.That(await _etcd.GetAsync("/kamrpc/default/splits/2"), Does.Contain("\"owner\":\"git\""));
    }

    [Test]
    public async Task A_plan_needs_no_more_than_the_dispatchers_role()
    {
        await using var kamailio = FakeKamailio.Start();
        var (exitCode, output, errors) = await RunAsync("dispatcher", "plan", "--kamailio", kamailio.Address, "--reply-dir", _folder.File("replies"));

        Assert.That((exitCode, errors), Is.EqualTo((5, string.Empty)), output);
        Assert.That(output, Does.Contain("to add, 0 to change, 0 to remove."));
    }

    [TestCase("status")]
    [TestCase("explain a")]
    [TestCase("split 1")]
    [TestCase("confirm")]
    [TestCase("history")]
    public async Task Who_may_read_nothing_is_told_what_to_grant(string command)
    {
        var (exitCode, _, errors) = await RunAsync("nobody", command.Split(' '));

        Assert.That(exitCode, Is.EqualTo(3), errors);
        Assert.That(errors, Does.Match("permission denied: its role needs read on the prefix (/kamrpc/default/[a-z]+/); etcdctl role grant-permission ROLE read --prefix=true \\1"));
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(string user, params string[] arguments) =>
        Kamrpc.RunAsync([.. arguments, "--etcd", _etcd.Endpoint, "--etcd-user", user, "--etcd-password-file", _password]);
}
