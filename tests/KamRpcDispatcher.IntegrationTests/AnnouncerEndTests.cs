using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>How an announcer ends, and what does not end it.</summary>
[Parallelizable]
public class AnnouncerEndTests : AnnouncerFixture
{
    [Test]
    public async Task Of_two_members_one_of_which_is_somebody_elses_the_own_one_is_withdrawn_and_the_other_named()
    {
        await Etcd.PutAsync(Members + "b", """{"uri":"sip:10.9.9.9"}""");
        var announcer = Start(KamrpcProgram.File, ArgumentsFor(Etcd, "--uri", "a=sip:10.0.0.1", "--uri", "b=sip:10.0.0.2"));
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        await announcer.WaitForLineAsync("is held by somebody else", Fleet.Deadline);

        announcer.Signal(UnixSignals.Terminate);

        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(1));
        Assert.That(announcer.Output, Does.Contain($"Not ours: {Members}b is held by somebody else").And.Contain($"Withdrew {Members}a").And.Not.Contain("and 1 more"));
        Assert.That(await Etcd.KeysAsync(Members), Is.EqualTo(new[] { Members + "b" }));
    }

    [Test]
    public async Task Who_never_reached_etcd_does_not_wait_for_proxies()
    {
        await Etcd.StopAsync();
        var announcer = Announce("--uri", "sip:10.0.0.1", "--ack-timeout", "1h");
        await announcer.WaitForLineAsync("cannot be kept alive", Fleet.Deadline);

        announcer.Signal(UnixSignals.Terminate);

        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(3), "it has not done what it is there for");
        Assert.That(announcer.Output, Does.Contain("Nothing was announced, since etcd could not be used").And.Not.Contain("has stopped sending calls"));
    }

    [Test]
    public async Task SIGHUP_ends_nothing_and_has_files_read_again()
    {
        var announcer = Announce("--uri", "sip:10.0.0.1", "--ttl", "2s");
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        var created = await Etcd.CreateRevisionAsync(Key);

        announcer.Signal(UnixSignals.Hangup);
        await announcer.WaitForLineAsync("SIGHUP: certificates and passwords are read again", Fleet.Deadline);
        await Etcd.WaitForRenewalAsync(Key);
        Assert.That(await Etcd.CreateRevisionAsync(Key), Is.EqualTo(created), "the key was there all the time");

        announcer.Signal(UnixSignals.Terminate);
        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
    }

    [Test]
    public async Task SIGHUP_ends_nothing_while_the_own_address_is_looked_for()
    {
        RealServers.Require("unshare");
        OtherUser.RequireRoot();
        using var dns = DnsServer.Start();
        dns.Mode = DnsServer.Behaviour.Silence;
        string[] options = ["--etcd", $"etcd.test:{new Uri(Etcd.Endpoint).Port}", "--probe", "none", "--name", "a", "--ip", "auto", "--port", "5070"];
        var (program, arguments) = PrivateResolver.Around(dns.ResolverFile, null, KamrpcProgram.File, [.. KamrpcProgram.Prefix, "announce", .. options]);
        var announcer = Start(program, [.. arguments]);
        await dns.Asked.WaitAsync(Fleet.Deadline);

        announcer.Signal(UnixSignals.Hangup);

        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(3), announcer.Output);
        Assert.That(announcer.Output, Does.Contain("--ip auto: there is no way to etcd"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Who_was_started_from_a_terminal_leaves_in_order_when_that_is_gone_unless_it_was_told_to_stay(bool isToldToStay)
    {
        RealServers.Require("script", "nohup");
        using var folder = new TemporaryFolder();
        var announce = string.Join(' ', [KamrpcProgram.File, .. Arguments("--uri", "sip:10.0.0.1", "--ttl", "2s")]);

        // script(1) makes a terminal and a session, and takes the terminal with it when it dies.
        var terminal = Start("script", ["-qc", $"echo $$ >{folder.File("pid")}; exec {(isToldToStay ? "nohup " : string.Empty)}{announce} >/dev/null 2>{folder.File("log")}", "/dev/null"]);
        await WaitForKeyAsync("sip:10.0.0.1");
        using var announcer = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(folder.File("pid")), CultureInfo.InvariantCulture));
        var created = await Etcd.CreateRevisionAsync(Key);
        try
        {
            terminal.Signal(UnixSignals.Kill);
            if (isToldToStay)
            {
                await Etcd.WaitForRenewalAsync(Key);
                await Etcd.WaitForRenewalAsync(Key);
                Assert.That(await Etcd.CreateRevisionAsync(Key), Is.EqualTo(created));
                Assert.That(announcer.HasExited, Is.False);
                return;
            }

            await announcer.WaitForExitAsync().WaitAsync(Fleet.Deadline);
            Assert.That(await Etcd.GetAsync(Key), Is.Null);
            Assert.That(await File.ReadAllTextAsync(folder.File("log")), Does.Contain("the terminal that this was started from is gone").And.Contain("Withdrew"));
        }
        finally
        {
            announcer.Kill();
        }
    }

    [Test]
    public async Task Of_a_full_etcd_a_stopped_announcer_withdraws_at_once_and_says_what_is_so()
    {
        await using var full = await EtcdServer.StartAsync(new EtcdOptionSet { ExtraArguments = ["--quota-backend-bytes", "400000"] });
        var announcer = Start(KamrpcProgram.File, ArgumentsFor(full, "--name", "a", "--uri", "sip:10.0.0.1", "--ttl", "1h", "--ack-timeout", "1h"));
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        await FillAsync(full);
        Assert.That(await full.GetAsync(Key), Is.Not.Null);

        announcer.Signal(UnixSignals.Terminate);

        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(await full.GetAsync(Key), Is.Null);
        Assert.That(announcer.Output, Does.Contain("etcd does not take the change (etcd is full (alarm NOSPACE)").And.Contain($"Withdrew {Key} without a last word (etcd is full").And.Contain("'kamrpc confirm' ends that"));
        Assert.That(announcer.Output, Does.Not.Contain("has stopped sending calls").And.Not.Contain("could not be withdrawn"));
    }

    [Test]
    public async Task Whom_etcd_does_not_let_withdraw_ends_with_1_and_says_last_that_calls_may_go_on()
    {
        using var folder = new TemporaryFolder();
        await EtcdUsers.AddAsync(Etcd, "announcer", "secret", EtcdUsers.AnnouncerPermissions("default", 1));
        await EtcdUsers.EnableAsync(Etcd);
        var announcer = Announce("--uri", "sip:10.0.0.1", "--ttl", "1h", "--etcd-user", "announcer", "--etcd-password-file", await EtcdUsers.WritePasswordAsync(folder, "secret"), "--idle", "exec:/bin/true");
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        await Etcd.AdministerAsync("user", "revoke-role", "announcer", "announcer");

        announcer.Signal(UnixSignals.Terminate);

        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(1), announcer.Output);
        Assert.That(await Etcd.GetAsync(Key), Is.Not.Null);
        Assert.That(announcer.Output, Does.Contain($"{Key} could not be withdrawn (permission denied"));
        Assert.That(announcer.Output.TrimEnd().Split('\n')[^1], Does.Contain($"Left, and {Key} could not be withdrawn: until its lease ends, 1h after it was last renewed"));
    }

    [Test]
    public async Task While_etcd_is_full_a_server_that_dies_is_named_since_its_record_goes_on_saying_that_it_is_ready()
    {
        await using var full = await EtcdServer.StartAsync(new EtcdOptionSet { ExtraArguments = ["--quota-backend-bytes", "400000"] });
        var server = await SipServer.StartAsync();
        var announcer = Start(KamrpcProgram.File, [.. ArgumentsFor(full, "--name", "a", "--uri", server.Uri, "--ttl", "5s", "--interval", "200ms").Where(static argument => argument is not ("--probe" or "none"))]);
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);
        await FillAsync(full);

        await server.DisposeAsync();

        await announcer.WaitForLineAsync(
            $"takes no writes (etcd is full (alarm NOSPACE): its database has reached --quota-backend-bytes, and it takes deletes only; etcdctl compact, etcdctl defrag, then etcdctl alarm disarm): {Key} stays alive as it was written before; {Key} still says that its server is ready",
            Fleet.Deadline);
        Assert.That(announcer.Output, Does.Not.Contain("cannot be kept alive"));
        Assert.That(await full.GetAsync(Key), Is.Not.Null);
    }

    /// <summary>Until it takes no more.</summary>
    private static async Task FillAsync(EtcdServer etcd)
    {
        var filler = new string('x', 100_000);
        for (var index = 0; index < 100; index++)
        {
            try
            {
                await etcd.PutAsync($"filler{index}", filler);
            }
            catch (InvalidOperationException full) when (full.Message.Contains("space exceeded", StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail("it took everything");
    }
}
