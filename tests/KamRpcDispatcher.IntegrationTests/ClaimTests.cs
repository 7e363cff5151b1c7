using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.IntegrationTests.Chaos;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>One daemon a Kamailio, by whatever address, user, cluster or host a second one comes.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class ClaimTests
{
    private const int Refused = 4;
    private const string Json = "jsonrpc+unix";
    private const string Ctl = "binrpc+unix";
    private const string CtlTcp = "binrpc+tcp";

    /// <summary>Another PID namespace: as from another host, neither Kamailio's processes nor those of other daemons are here.</summary>
    private static readonly string[] Elsewhere = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    private static readonly string[] Nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

    private TemporaryFolder _folder = null!;
    private EtcdServer _etcd = null!;
    private EtcdConnection _store = null!;
    private OpenKamailio _kamailio = null!;
    private int _daemons;

    /// <summary>Below /tmp: the other user makes his directories himself.</summary>
    private static string NobodysFolder => $"/tmp/kr-nobody-{Environment.ProcessId}";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        RealServers.Require("etcd", "kamailio");
        _folder = new TemporaryFolder();
        _etcd = await EtcdServer.StartAsync();
        _store = new EtcdConnection(Fleet.Endpoints(_etcd), TimeProvider.System);
        _kamailio = await OpenKamailio.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await (_kamailio?.DisposeAsync() ?? default);
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
        _folder?.Dispose();
        if (Directory.Exists(NobodysFolder))
        {
            Directory.Delete(NobodysFolder, recursive: true);
        }
    }

    [TestCase("one", "one")]
    [TestCase("one", "two")]
    public async Task A_second_daemon_by_another_address_is_refused_and_told_of_the_first(string cluster, string other)
    {
        await using var first = await StartInStepAsync("p1", Json, cluster);
        await using var second = Start("p2", Ctl, other);

        await AssertRefusedAsync(second, $"p1 (PID {first.Pid}) on host {Environment.MachineName} for cluster {cluster}, over jsonrpc+unix:");
        Assert.That(first.Exited.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_second_daemon_from_another_host_is_refused_and_told_of_the_first()
    {
        OtherUser.RequireRoot();
        await using var first = await StartInStepAsync("p1", Json, "one");
        await using var second = Start("p2", CtlTcp, "two", Elsewhere);

        await AssertRefusedAsync(second, $"p1 (PID {first.Pid}) on host");
        Assert.That(first.Exited.IsCompleted, Is.False);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_second_daemon_of_another_user_is_refused_and_told_of_the_first(bool isFirstRoot)
    {
        OtherUser.RequireRoot();
        await RequireDotnetForNobodyAsync();
        await using var first = await StartInStepAsync("p1", isFirstRoot ? Json : CtlTcp, "one", isFirstRoot ? [] : Nobody);
        await using var second = Start("p2", isFirstRoot ? CtlTcp : Json, "two", isFirstRoot ? Nobody : []);

        await AssertRefusedAsync(second, "p1 (PID ");
        Assert.That(first.Exited.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_holder_that_was_stopped_and_followed_ends_without_a_change_when_it_wakes()
    {
        OtherUser.RequireRoot();
        await using var sleeper = await StartInStepAsync("sleeper", Json, "sleepers");
        sleeper.Pause();
        await PutAsync("sleepers", "91/late", "sip:127.0.0.1:5091");
        await using var successor = await StartInStepAsync("successor", Ctl, "successors", Elsewhere);
        Assert.That(successor.Output, Does.Contain("waiting up to 3s for a sign of life"));
        await PutAsync("successors", "92/b", "sip:127.0.0.1:5092");
        await successor.WaitForLineAsync("added sip:127.0.0.1:5092", Fleet.Deadline);

        sleeper.Resume();

        await AssertRefusedAsync(sleeper, "successor (PID ");
        var list = await _kamailio.Server(Json).ListAsync();
        Assert.That(list.Where(static entry => entry.Set is 91 or 92).Select(static entry => entry.Uri), Is.EqualTo(new[] { "sip:127.0.0.1:5092" }));
        Assert.That(successor.Exited.IsCompleted, Is.False);
    }

    [Test]
    public async Task Of_two_that_start_at_once_exactly_one_stays()
    {
        // Each of four cases: in one cluster and in two, on one host and on two.
        for (var round = 0; round < ChaosSettings.Rounds(4, 20); round++)
        {
            var isElsewhere = round % 2 == 1 && Environment.IsPrivilegedProcess;
            await using var one = Start("one", Json, "one");
            await using var two = Start("two", CtlTcp, round % 4 < 2 ? "one" : "two", isElsewhere ? Elsewhere : []);

            var ended = await Task.WhenAny(one.Exited, two.Exited).WaitAsync(Fleet.Deadline);
            Assert.That(await ended, Is.EqualTo(Refused), $"round {round}:\n{one.Output}\n{two.Output}");
            var survivor = ended == one.Exited ? two : one;
            await survivor.WaitForLineAsync("In step with revision", Fleet.Deadline);

            // Longer than any of them waits for another.
            await Task.WhenAny(survivor.Exited, Task.Delay(TimeSpan.FromSeconds(4)));
            Assert.That(survivor.Exited.IsCompleted, Is.False, $"round {round}:\n{one.Output}\n{two.Output}");
            survivor.SignalAll(UnixSignals.Terminate);
            await survivor.Gone.WaitAsync(Fleet.Deadline);
        }
    }

    [Test]
    public async Task After_a_clean_stop_nobody_waits_and_after_a_kill_at_most_some_seconds()
    {
        await using (var first = await StartInStepAsync("p1", Json, "one"))
        {
            first.Signal(UnixSignals.Terminate);
            Assert.That(await first.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        }

        await using var second = await StartInStepAsync("p2", Ctl, "one");
        Assert.That(second.Output, Does.Not.Contain("sign of life"));
        second.Kill();
        await second.Gone;

        await using var third = await StartInStepAsync("p2", Ctl, "one");
        Assert.That(third.Output, Does.Contain($"The mark of p2 (PID {second.Pid})"));
    }

    [Test]
    public async Task After_a_restart_of_Kamailio_the_daemon_holds_it_again()
    {
        await using var first = await StartInStepAsync("p1", Json, "restarted");
        await PutAsync("restarted", "93/a", "sip:127.0.0.1:5093");
        await first.WaitForLineAsync("added sip:127.0.0.1:5093", Fleet.Deadline);

        await _kamailio.KillAsync();
        await _kamailio.StartAgainAsync();

        await WaitForListAsync(static list => list.Any(static entry => entry.Set == 93));
        await using var second = Start("p2", CtlTcp, "one", Environment.IsPrivilegedProcess ? Elsewhere : []);
        await AssertRefusedAsync(second, $"p1 (PID {first.Pid})");
    }

    private static async Task AssertRefusedAsync(ServerProcess daemon, string holder)
    {
        Assert.That(await daemon.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(Refused), daemon.Output);
        await daemon.Gone.WaitAsync(Fleet.Deadline);
        Assert.That(daemon.Output, Does.Contain($"another kamrpc dispatch serves this Kamailio: {holder}"));
    }

    private static async Task RequireDotnetForNobodyAsync()
    {
        using var process = Process.Start(new ProcessStartInfo(Nobody[0], [.. Nobody[1..], .. KamrpcProgram.Command, "--help"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        if (!output.Contains("dispatch", StringComparison.Ordinal))
        {
            Assert.Ignore("the user nobody cannot run kamrpc from here: skipped");
        }
    }

    private async Task<ServerProcess> StartInStepAsync(string proxy, string transport, string cluster, params string[] wrapper)
    {
        var daemon = Start(proxy, transport, cluster, wrapper);
        try
        {
            await daemon.WaitForLineAsync("In step with revision", Fleet.Deadline);
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    private ServerProcess Start(string proxy, string transport, string cluster, params string[] wrapper)
    {
        var folder = wrapper == Nobody ? NobodysFolder : _folder.File($"d{_daemons++}");
        string[] command =
        [
            .. wrapper, .. KamrpcProgram.Command, "dispatch", "--etcd", _etcd.Endpoint, "--cluster", cluster, "--proxy", proxy,
            "--kamailio", _kamailio.Address(transport), "--reply-dir", folder + "/r", "--state-dir", folder + "/state", "--removal-delay", "0s",
        ];
        return ServerProcess.Start(command[0], command[1..]);
    }

    private Task<PutResponse> PutAsync(string cluster, string member, string uri) => _store.Keys.PutAsync(new PutRequest
    {
        Key = ByteString.CopyFromUtf8(new EtcdKeys(cluster).Members + member),
        Value = ByteString.CopyFromUtf8($"{{\"uri\":\"{uri}\"}}"),
    }).ResponseAsync;

    private async Task WaitForListAsync(Func<IReadOnlyList<FakeDestination>, bool> condition)
    {
        for (var begun = Stopwatch.GetTimestamp(); !condition(await _kamailio.Server(Json).ListAsync()); await Task.Delay(20))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline));
        }
    }
}
