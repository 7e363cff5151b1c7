using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>The executable as a user calls it.</summary>
[Parallelizable]
public class CommandLineTests
{
    [Test]
    public async Task Every_wrong_option_is_named_in_one_message()
    {
        var (exitCode, output, errors) = await RunAsync(
            ["announce", "--etcd", "ftp://x", "--cluster", "a/b", "--set", "-1", "--name", "a;b", "--ip", "10.0.0.256", "--port", "70000", "--ttl", "1s", "--weight", "0", "--attr", "novalue", "--label", "a=b;c", "--bogus"]);

        Assert.Multiple(() =>
        {
            Assert.That(exitCode, Is.EqualTo(2));
            Assert.That(output, Is.Empty, "stdout is for answers");
            foreach (var named in new[] { "--bogus", "--etcd", "--cluster", "--set", "--name", "--ip", "--ttl", "--weight", "--attr", "--label" })
            {
                Assert.That(errors, Does.Contain(named));
            }
        });
    }

    [TestCase("status", "--etcd", "http://root:secret@h:1")]
    [TestCase("status", "--etcd", "root:secret@h:1")]
    [TestCase("status", "--etcd", "https://a:1,http://root:secret@h:1")]
    [TestCase("status", "--etcd", "a:1", "http://root:secret@h:1")]
    [TestCase("status", "--etcd", "http://root:1,secret@h:1")]
    [TestCase("status", "--etcd", "http://root:1/secret@h:1")]
    [TestCase("status", "--bogus=http://root:secret@h:1")]
    public async Task A_password_before_a_host_is_never_echoed(params string[] arguments)
    {
        var (exitCode, output, errors) = await RunAsync(arguments);

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)), errors);
        Assert.That(errors, Does.Contain(arguments.Length == 3 ? "--etcd: " : arguments.Length == 4 ? "***@h:1" : "--bogus is not an option of status").And.Not.Contain("secret"));
    }

    [Test]
    public async Task Endpoints_may_be_given_one_an_option()
    {
        var (exitCode, _, errors) = await RunAsync(["status", "--etcd", "127.0.0.1:1", "--etcd", "http://127.0.0.1:2,127.0.0.1:3"]);

        Assert.That(exitCode, Is.EqualTo(3));
        Assert.That(errors, Does.Contain("etcd at http://127.0.0.1:1,http://127.0.0.1:2,http://127.0.0.1:3 does not answer"));
    }

    [Test]
    public async Task Wrong_options_of_dispatch_are_named_too()
    {
        var (exitCode, _, errors) = await RunAsync(["dispatch", "--kamailio", "ftp:x", "--set", "1,x", "--gap", "20ms", "--resync", "0", "--reply-dir", "/" + new string('x', 77), "--fifo-reply-dir", "replies", "--log-level", "loud"]);

        Assert.Multiple(() =>
        {
            Assert.That(exitCode, Is.EqualTo(2));
            foreach (var named in new[] { "--kamailio", "--set", "--gap", "--resync", "--fifo-reply-dir: 'replies' is not an absolute path", "is longer than 77 bytes", "--log-level" })
            {
                Assert.That(errors, Does.Contain(named));
            }
        });
    }

    [Test]
    public async Task What_dispatch_may_do_to_Kamailio_is_read_whole_and_every_error_is_named()
    {
        var (exitCode, _, errors) = await RunAsync(["dispatch", "--removal-delay", "forever", "--order", "random", "--kamailio-read", "ftp:x", "--memory-floor", "10"]);

        Assert.That(exitCode, Is.EqualTo(2));
        foreach (var named in new[] { "--removal-delay: 'forever' is not a duration", ", or never", "--order: 'random' is not priority or plain", "--kamailio-read: ", "; or auto, or none", "--memory-floor: '10' is neither a percentage" })
        {
            Assert.That(errors, Does.Contain(named));
        }
    }

    [TestCase("dispatch", "--help")]
    [TestCase("status", "--help")]
    [TestCase("--version")]
    public async Task An_answer_that_cannot_be_written_is_one_line_and_not_done(params string[] arguments)
    {
        var (exitCode, errors) = await RunInShellAsync("\"$@\" >/dev/full", arguments);

        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1), errors);
        Assert.That(errors, Does.StartWith("kamrpc: the answer cannot be written").And.Contain("standard output"));
    }

    [TestCase("2>&-", "status", "--bogus", 2)]
    [TestCase("2>/dev/full", "status", "--bogus", 2)]
    [TestCase("<&- >&- 2>&-", "status", "--bogus", 2)]
    [TestCase(">/dev/full 2>/dev/full", "status", "--help", 1)]
    [TestCase("<&- >&- 2>&-", "status", "--help", 1)]
    public async Task Standard_streams_that_are_closed_or_full_do_not_change_the_exit_code(string redirection, string command, string option, int expected)
    {
        var (exitCode, errors) = await RunInShellAsync($"\"$@\" {redirection}", command, option);

        Assert.That((exitCode, errors), Is.EqualTo((expected, string.Empty)));
    }

    [TestCase("--cluster", "status", "--cluster", "a", "--cluster", "b")]
    [TestCase("--proxy", "dispatch", "--proxy", "a", "--gap", "1s", "--proxy", "a")]
    [TestCase("--output", "status", "-o", "json", "--output", "table")]
    [TestCase("--ttl", "announce", "--uri", "sip:10.0.0.1", "--ttl", "5s", "--ttl", "6s")]
    public async Task An_option_that_is_given_twice_is_named(string option, params string[] arguments)
    {
        var (exitCode, output, errors) = await RunAsync(arguments);

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)), errors);
        Assert.That(errors, Does.StartWith($"kamrpc: {option}: is given more than once; give it once\n"));
    }

    [TestCase("NaN")]
    [TestCase("NaNs")]
    [TestCase("Infinity")]
    [TestCase("-5s")]
    [TestCase("1e3s")]
    public async Task What_is_no_number_is_no_duration(string ttl)
    {
        var (exitCode, _, errors) = await RunAsync(["announce", "--uri", "sip:10.0.0.1", "--ttl", ttl]);

        Assert.That(exitCode, Is.EqualTo(2), errors);
        Assert.That(errors, Does.StartWith($"kamrpc: --ttl: '{ttl}' is not a duration"));
    }

    [Test]
    public async Task An_empty_variable_is_none()
    {
        var (exitCode, _, errors) = await RunAsync(
            ["announce", "--uri", "ftp:x"],
            ("KAMRPC_ETCD", ""), ("KAMRPC_TTL", ""), ("KAMRPC_CLUSTER", ""), ("KAMRPC_NAME", ""), ("KAMRPC_SET", ""), ("KAMRPC_ETCD_USER", ""), ("KAMRPC_ETCD_CA", ""), ("KAMRPC_AMI", ""), ("KAMRPC_LOG_LEVEL", ""));

        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors.Split('\n')[0], Is.EqualTo("kamrpc: --uri: 'ftp:x' does not start with sip: or sips:"));
        Assert.That(errors.Split('\n'), Has.Length.EqualTo(3), errors);
    }

    [Test]
    public async Task A_file_of_arguments_is_read_or_named_with_what_is_wrong()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("members"), $"# some\n--uri sip:10.0.0.1\n--ttl\n7x\n\n@{folder.File("more")}\n");
        await File.WriteAllTextAsync(folder.File("more"), "--weight \"a b\"\n");
        await File.WriteAllTextAsync(folder.File("self"), $"@{folder.File("self")}\n");
        OtherUser.MakeFifo(folder.File("fifo"));

        Assert.That((await RunAsync(["announce", "@" + folder.File("members")])).Errors, Does.Contain("--ttl: '7x'").And.Contain("--weight: 'a b'"));
        foreach (var (file, trouble) in new[] { ("nowhere", "there is no such file"), (".", "no regular file"), ("fifo", "no regular file"), ("self", "name one another more than 8 deep") })
        {
            var (exitCode, output, errors) = await RunAsync(["announce", "--uri", "sip:10.0.0.1", "@" + folder.File(file)]);
            Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)), errors);
            Assert.That(errors, Does.StartWith("kamrpc: @").And.Contain(trouble));
        }
    }

    [TestCase("<&-", "0")]
    [TestCase("2>&-", "2")]
    [TestCase("<&- >&- 2>&-", "0,1,2")]
    public async Task Streams_that_were_closed_lead_nowhere_from_the_first_moment_on(string redirection, string closed)
    {
        using var etcd = new TcpListener(IPAddress.Loopback, 0);
        etcd.Start();
        using var process = Process.Start(new ProcessStartInfo("sh",
        [
            "-c", $"exec \"$@\" {redirection}", "sh", "dotnet", typeof(ExitCode).Assembly.Location,
            "announce", "--etcd", $"http://{etcd.LocalEndpoint}", "--uri", "sip:127.0.0.1:5060", "--probe", "none",
        ]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            using var connection = await etcd.AcceptTcpClientAsync(deadline.Token);

            Assert.That(closed.Split(',').Select(stream => new FileInfo($"/proc/{process.Id}/fd/{stream}").LinkTarget), Is.All.EqualTo("/dev/null"));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [Test]
    public async Task A_pipe_that_was_given_stays_standard_input()
    {
        using var etcd = new TcpListener(IPAddress.Loopback, 0);
        etcd.Start();
        using var process = Process.Start(new ProcessStartInfo("sh",
        [
            "-c", "readlink /proc/$$/fd/0; exec \"$@\"", "sh", "dotnet", typeof(ExitCode).Assembly.Location,
            "announce", "--etcd", $"http://{etcd.LocalEndpoint}", "--uri", "sip:127.0.0.1:5060", "--probe", "none",
        ]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var given = await process.StandardOutput.ReadLineAsync(deadline.Token);
            using var connection = await etcd.AcceptTcpClientAsync(deadline.Token);

            Assert.That(given, Does.StartWith("pipe:"));
            Assert.That(new FileInfo($"/proc/{process.Id}/fd/0").LinkTarget, Is.EqualTo(given));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [TestCase(true, "<4>KamRpcDispatcher.")]
    [TestCase(false, "20")]
    public async Task What_goes_to_systemds_journal_has_a_priority_and_no_time_of_its_own(bool isJournal, string beginning)
    {
        using var folder = new TemporaryFolder();
        using var etcd = new TcpListener(IPAddress.Loopback, 0);
        etcd.Start();
        etcd.Stop();
        using var process = Process.Start(new ProcessStartInfo("sh",
        [
            "-c", $": > \"$0\"; JOURNAL_STREAM=$(stat -c %d:%i {(isJournal ? "\"$0\"" : "/")}); export JOURNAL_STREAM; exec \"$@\" 2> \"$0\"", folder.File("log"), "dotnet", typeof(ExitCode).Assembly.Location,
            "announce", "--etcd", $"http://{etcd.LocalEndpoint}", "--uri", "sip:127.0.0.1:5060", "--probe", "none",
        ]))!;
        try
        {
            string[] lines = [];
            Assert.That(() => (lines = File.ReadAllLines(folder.File("log"))).Any(static line => line.Contains("cannot be kept alive", StringComparison.Ordinal)), Is.True.After(30_000, 20));
            Assert.That(lines.Single(static line => line.Contains("cannot be kept alive", StringComparison.Ordinal)), Does.StartWith(beginning));
            Assert.That(lines, Has.All.Match(isJournal ? "^<[3-7]>" : "^20[0-9-]+T[0-9:.]+Z "));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [Test]
    public void Too_few_addresses_are_told_before_the_runtime_runs_out_of_them()
    {
        Assert.That(AddressSpace.WhyNot(200UL << 20), Does.Contain("200 MB").And.Contain("ulimit -v unlimited").And.Contain("LimitAS=infinity"));
        Assert.That(AddressSpace.WhyNot(1UL << 30), Is.Null);
        Assert.That(AddressSpace.WhyNot(ulong.MaxValue), Is.Null);
        Assert.That(AddressSpace.WhyTooFew(16, 5, 12), Does.Contain("16 open files only, of which 5 are open before it begins, and needs 12 more to start").And.Contain("ulimit -n").And.Contain("LimitNOFILE="));
        Assert.That(AddressSpace.WhyTooFew(16, 4, 12), Is.Null);
        Assert.That(AddressSpace.WhyTooFew(0, 0, 12), Is.Not.Null);
    }

    [TestCase("status", "--etcd", "ftp://x", "--cluster", "a/b", "-o", "xml", "--bogus")]
    [TestCase("status", "--set", "x", "--ignore", "nothing-of-the-kind", "--output", "xml")]
    [TestCase("explain", "box", "--etcd", "ftp://x", "--cluster", "a/b", "--output", "xml", "--set", "1,x")]
    [TestCase("list", "--kamailio", "run/x", "--cluster", "a/b", "--output", "xml", "--set", "1,x", "--rpc-timeout", "0")]
    [TestCase("confirm", "--etcd", "ftp://x", "--cluster", "a/b", "--output", "xml", "--set", "1,x")]
    [TestCase("doctor", "--etcd", "ftp://x", "--cluster", "a/b", "--output", "xml", "--kamailio", "ftp:x", "--kamailio-cfg", "/none.cfg", "--rpc-timeout", "0")]
    public async Task Wrong_options_of_a_command_that_answers_are_named_too(string command, params string[] options)
    {
        var (exitCode, output, errors) = await RunAsync([command, .. options]);

        Assert.Multiple(() =>
        {
            Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)));
            foreach (var named in options.Where(static option => option.StartsWith("--", StringComparison.Ordinal)).Append("--output: 'xml' is not table, json or yaml"))
            {
                Assert.That(errors, Does.Contain(named));
            }
        });
    }

    [TestCase("kamailio.writer,etcd.quota", "--ignore: there is no check 'kamailio.writer'; did you mean kamailio.writers?")]
    [TestCase("everything-else", "--ignore: there is no check 'everything-else'; there are kamailio.reachable, ")]
    public async Task A_check_that_is_not_there_cannot_be_ignored(string checks, string error)
    {
        var (exitCode, output, errors) = await RunAsync(["doctor", "--ignore", checks]);

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)));
        Assert.That(errors, Does.Contain(error).And.Not.Contain("'etcd.quota'"));
    }

    [TestCase("announce", "--uri", "sip:10.0.0.1")]
    [TestCase("dispatch")]
    [TestCase("status")]
    [TestCase("confirm")]
    [TestCase("doctor")]
    public async Task Wrong_options_of_etcd_are_named_by_every_command(params string[] command)
    {
        var (exitCode, output, errors) = await RunAsync([.. command, "--etcd-ca", "/none/ca.pem", "--etcd-cert", "/none/cert.pem", "--etcd-user", "a"]);

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)));
        foreach (var error in new[]
        {
            "--etcd-ca: goes with TLS; write https://", "--etcd-ca: there is no file '/none/ca.pem'", "--etcd-cert: goes with --etcd-key, which is not given",
            "--etcd-user: goes with --etcd-password-file, which is not given",
        })
        {
            Assert.That(errors, Does.Contain(error));
        }

        Assert.That((await RunAsync([.. command, "--etcd", "https://a:1,http://b:1"])).Errors, Does.Contain("--etcd: 'https://a:1,http://b:1' mixes"));
    }

    [TestCase("announce")]
    [TestCase("announce", "--uri", "sip:10.0.0.1", "--ip", "10.0.0.1")]
    [TestCase("announce", "--uri", "sip:10.0.0.1", "--port", "5070")]
    [TestCase("announce", "--uri", "sip:10.0.0.1", "--attr", "a=1", "--attr", "a=2")]
    [TestCase("announce", "--uri", "sip:10.0.0.1", "extra")]
    [TestCase("announce", "--uri", "sip:10.0.0.1", "--transport", "tls")]
    [TestCase("announce", "--ip", "10.0.0.1", "--transport", "sctp")]
    [TestCase("frobnicate")]
    public async Task What_cannot_be_meant_is_a_usage_error(params string[] arguments)
    {
        var (exitCode, _, errors) = await RunAsync(arguments);

        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors, Does.StartWith("kamrpc: "));
    }

    [TestCase("--uri: 'sip:10.0.0.2' needs a name of its own", "--uri", "a=sip:10.0.0.1", "--uri", "sip:10.0.0.2")]
    [TestCase("--name: has no use where --uri gives names", "--uri", "a=sip:10.0.0.1", "--name", "b")]
    [TestCase("--uri: the name 'a' is given twice", "--uri", "a=sip:10.0.0.1", "--uri", "a=sip:10.0.0.2")]
    [TestCase("--uri: sip:10.0.0.1 is announced twice", "--uri", "a=sip:10.0.0.1", "--uri", "b=sip:10.0.0.1:5060")]
    [TestCase("--uri: the name 'a/b'", "--uri", "a/b=sip:10.0.0.1")]
    [TestCase("--ip: 'nosuch0' is neither an IPv4 or IPv6 address, nor auto, nor an interface of this machine (", "--ip", "nosuch0")]
    [TestCase("--advertise: one port cannot lead to several servers", "--uri", "a=sip:10.0.0.1", "--uri", "b=sip:10.0.0.2", "--advertise", "10.9.9.9:5060")]
    [TestCase("--ip: auto is 127.0.0.1, since etcd at http://127.0.0.1:2379 is on this machine, and for another host that is itself; name the interface, such as --ip ", "--ip", "auto")]
    [TestCase("--ip: 'sip:0.0.0.0:5060': the address 0.0.0.0 is unspecified: a server may listen on it, but nobody can send there; give the one at which Kamailio reaches the server, such as --ip ", "--ip", "0.0.0.0")]
    [TestCase("--ip: 'sip:[fe80::1]:5060': the address fe80::1 is link-local without an interface", "--ip", "fe80::1%1")]
    [TestCase("--uri: 'sip:224.0.1.75': the address 224.0.1.75 is a multicast address", "--uri", "sip:224.0.1.75")]
    [TestCase("--uri: 'sip:[::]:5070': the address :: is unspecified", "--uri", "sip:[::]:5070")]
    [TestCase("--advertise: 'sip:255.255.255.255:5060': the address 255.255.255.255 is the broadcast address", "--ip", "10.0.0.1", "--advertise", "255.255.255.255")]
    [TestCase("--probe-uri: 'sip:0.0.0.0': the address 0.0.0.0 is unspecified", "--ip", "10.0.0.1", "--probe-uri", "sip:0.0.0.0")]
    [TestCase("--probe-cert: goes with --probe-key, which is not given", "--ip", "10.0.0.1", "--probe-cert", "/dev/null")]
    [TestCase("--probe-key: there is no file '/none'", "--ip", "10.0.0.1", "--probe-cert", "/dev/null", "--probe-key", "/none")]
    [TestCase("--probe-cert: goes with --probe options", "--ip", "10.0.0.1", "--probe", "tcp", "--probe-cert", "/dev/null", "--probe-key", "/dev/null")]
    [TestCase("--probe-cert: '/dev/null' is no regular file", "--uri", "sips:10.0.0.1", "--probe-cert", "/dev/null", "--probe-key", "/dev/null")]
    [TestCase("--advertise: 'x y", "--ip", "10.0.0.1", "--advertise", "x y")]
    [TestCase("--probe: 'ping' is not options, tcp, exec:COMMAND or none", "--ip", "10.0.0.1", "--probe", "ping")]
    [TestCase("--probe-uri: goes with --probe options or tcp", "--ip", "10.0.0.1", "--probe", "none", "--probe-uri", "sip:10.0.0.1")]
    [TestCase("--probe: 'sip:10.0.0.1;transport=ws' cannot be probed over ws: give --probe-uri", "--uri", "sip:10.0.0.1;transport=ws")]
    [TestCase("--probe-codes: ", "--ip", "10.0.0.1", "--probe-codes", "2xx,7xx")]
    [TestCase("--fall: '0'", "--ip", "10.0.0.1", "--fall", "0")]
    [TestCase("--idle: 'ask' is not exec:COMMAND", "--ip", "10.0.0.1", "--idle", "ask")]
    [TestCase("--ami: needs --ami-secret-file", "--ip", "10.0.0.1", "--ami", "127.0.0.1:5038")]
    [TestCase("--ami-user: goes with --ami, which is not given", "--ip", "10.0.0.1", "--ami-user", "x")]
    [TestCase("--ami-secret-file: there is no file '/none'", "--ip", "10.0.0.1", "--ami", "127.0.0.1", "--ami-secret-file", "/none")]
    [TestCase("--maxload: is given as --attr maxload too", "--ip", "10.0.0.1", "--maxload", "5", "--attr", "maxload=6")]
    public async Task What_is_wrong_with_an_announcement_is_named(string error, params string[] options)
    {
        var (exitCode, output, errors) = await RunAsync(["announce", .. options]);

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)));
        Assert.That(errors, Does.Contain("kamrpc: " + error));
    }

    [TestCase("http://192.0.2.1:2379", "sip:127.0.0.1", true)]
    [TestCase("http://192.0.2.1:2379", "sip:[::1]", true)]
    [TestCase("http://127.0.0.1:1,http://192.0.2.1:2379", "sip:localhost", true)]
    [TestCase("http://127.0.0.1:2379", "sip:127.0.0.1", false)]
    [TestCase("http://localhost:2379", "sip:localhost", false)]
    [TestCase("http://[::1]:2379", "sip:127.0.0.9", false)]
    [TestCase("http://192.0.2.1:2379", "sip:10.0.0.1", false)]
    public async Task Loopback_is_warned_of_unless_etcd_is_on_this_machine_too(string etcd, string uri, bool isWarnedOf)
    {
        // The wrong option ends it here.
        var (_, _, errors) = await RunAsync(["announce", "--etcd", etcd, "--uri", uri, "--fall", "0"]);

        Assert.That(errors.Contains($"warning: {uri} is, for a Kamailio on another host, that host itself", StringComparison.Ordinal), Is.EqualTo(isWarnedOf), errors);
    }

    [TestCase("--allow-attr: the attribute name 'a b'", "--allow-attr", "obproxy,a b")]
    [TestCase("--allow-attr: none and names exclude each other", "--allow-attr", "none", "--allow-attr", "a")]
    [TestCase("--change-burst: 'many' is not a number from 0", "--change-burst", "many")]
    public async Task What_is_wrong_with_a_dispatcher_is_named(string error, params string[] options)
    {
        var (exitCode, output, errors) = await RunAsync(["dispatch", .. options]);

        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)));
        Assert.That(errors, Does.Contain("kamrpc: " + error));
    }

    [Test]
    public async Task Without_a_way_to_etcd_there_is_no_automatic_address()
    {
        var (exitCode, output, errors) = await RunAsync(["announce", "--etcd", "http://no-such-host.invalid:2379", "--ip", "auto"]);

        Assert.That((exitCode, output), Is.EqualTo((3, string.Empty)));
        Assert.That(errors, Does.Contain("--ip auto: there is no way to etcd at http://no-such-host.invalid:2379"));
    }

    /// <summary>One of etcd's machines may be gone, and its name with it.</summary>
    [Test]
    public async Task The_automatic_address_is_that_of_the_way_to_any_of_etcds_endpoints()
    {
        var (exitCode, _, errors) = await RunAsync(["announce", "--etcd", "http://no-such-host.invalid:2379,http://127.0.0.1:2379", "--ip", "auto"]);

        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("--ip: auto is 127.0.0.1, since etcd at ").And.Not.Contain("no way to etcd"));
    }

    [Test]
    public async Task An_option_may_come_from_the_environment()
    {
        var (exitCode, _, errors) = await RunAsync(["announce", "--uri", "sip:10.0.0.1"], ("KAMRPC_TTL", "never"), ("KAMRPC_ATTR", "a=1,b"));

        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("KAMRPC_TTL: 'never'").And.Contain("KAMRPC_ATTR: 'b'"));
    }

    [Test]
    public async Task A_state_directory_that_is_a_file_is_named()
    {
        var file = Path.GetTempFileName();
        var (exitCode, _, errors) = await RunAsync(["dispatch", "--etcd", "http://127.0.0.1:1", "--state-dir", file]);
        File.Delete(file);

        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("--state-dir: '").And.Contain("is no directory"));
    }

    [Test]
    public async Task What_excludes_each_other_is_named_as_it_was_given()
    {
        var (_, _, errors) = await RunAsync(["announce", "--ip", "10.0.0.1"], ("KAMRPC_URI", "sip:10.0.0.1"));

        Assert.That(errors, Does.Contain("KAMRPC_URI and --ip exclude each other"));
    }

    [TestCase("--help")]
    [TestCase("announce", "--help")]
    [TestCase("dispatch", "-h")]
    [TestCase("status", "--help")]
    [TestCase("confirm", "--help")]
    [TestCase("doctor", "--help")]
    [TestCase("cfg", "--help")]
    [TestCase("--version")]
    public async Task Help_and_version_are_answers(params string[] arguments)
    {
        var (exitCode, output, errors) = await RunAsync(arguments);

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Is.Not.Empty);
    }

    private static async Task<(int ExitCode, string Errors)> RunInShellAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("sh", ["-c", script, "sh", "dotnet", typeof(ExitCode).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await errors);
    }

    private static Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] arguments, params (string Name, string Value)[] environment) => Kamrpc.RunAsync(arguments, environment);
}
