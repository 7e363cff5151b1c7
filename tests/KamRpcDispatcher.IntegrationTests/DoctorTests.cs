using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary><c>kamrpc doctor</c>, with a real Kamailio and a real etcd, well and not.</summary>
[Category("Matrix")]
public class DoctorTests
{
    private static readonly KamailioOptions Healthy = new() { SharedMemoryMegabytes = 256, PingInterval = TimeSpan.Zero, ListFileLines = ["1 sip:127.0.0.1:5080"] };

    private readonly TemporaryFolder _folder = new();
    private EtcdServer _etcd = null!;
    private KamailioServer? _kamailio;

    /// <summary>6.1 brought <c>modparam.getn</c>.</summary>
    private static bool TellsParameters => KamailioServer.Release >= new Version(6, 1);

    [OneTimeTearDown]
    public void Forget() => _folder.Dispose();

    [SetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        _etcd = await EtcdServer.StartAsync();
    }

    [TearDown]
    public async Task StopServers()
    {
        await ServerLife.EndAsync(_kamailio);
        _kamailio = null;
        await ServerLife.EndAsync(_etcd);
    }

    [Test]
    public async Task With_the_snippet_and_enough_memory_all_is_well()
    {
        _kamailio = await KamailioServer.StartAsync(Healthy);

        var (exitCode, output, errors) = await Kamrpc.RunAsync(Arguments(_kamailio.RpcAddress, "table"));

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        Assert.That(output, Does.EndWith("\nAll is well.\n").And.Contain($"kamailio {KamailioServer.Release}").And.Contain("1 destination, all with addresses").And.Contain("nothing is announced in cluster default"));
        Assert.That(output, Does.Contain("reload_delta is 0 (").And.Contain(TellsParameters ? "modparam.getn" : "kamrpc-dispatcher.cfg:").And.Contain($"{_kamailio.SocketPath} ("));
        Assert.That(output.Split('\n').Max(static line => line.Length), Is.LessThanOrEqualTo(120));
    }

    [Test]
    public async Task Every_wrong_parameter_is_found_with_the_line_that_sets_it_right_and_nothing_is_changed()
    {
        _kamailio = await KamailioServer.StartAsync(new KamailioOptions
        {
            PingInterval = TimeSpan.Zero,
            ListFileLines = ["1 sip:asterisk.invalid:5080 16 0 weight=40"],
            ExtraConfig = """
                #!define KAMRPC_TRANSPORT 6
                loadmodule "ctl.so"
                modparam("ctl", "mode", 0666)
                """,
            Algorithm = "9",
            FinalConfig = """
                modparam("dispatcher", "reload_delta", 5)
                modparam("dispatcher", "ds_load_mode", 0)
                modparam("jsonrpcs", "pretty_format", 1)
                modparam("jsonrpcs", "dgram_workers", 2)
                modparam("jsonrpcs", "dgram_mode", 0666)
                """,
        });
        await _etcd.PutAsync("/kamrpc/default/members/1/a", """{"uri":"sip:asterisk-1:5060"}""");
        var before = await _kamailio.ListAsync();

        var (exitCode, findings) = await RunAsync(_kamailio.RpcAddress);

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(findings.Where(static finding => finding.Severity != "ok" && !IsOfYoungEtcd(finding)).Select(static finding => $"{finding.Severity} {finding.Check}: {finding.Fix}".TrimEnd()), Is.EquivalentTo(new[]
        {
            "error kamailio.dispatcher: kamrpc dispatch --etcd ... as Kamailio's user, beside it: systemctl start kamrpc-dispatch",
            "error kamailio.routable: kamrpc dispatch beside this Kamailio, which brings its list in step with what is announced; its --set and --allow-attr have to allow these; kamrpc doctor --set SET if they are another Kamailio's",
            """error kamailio.reload-delta: modparam("dispatcher", "reload_delta", 0)""",
            """error kamailio.load-mode: modparam("dispatcher", "ds_load_mode", 1)""",
            """error kamailio.writers: modparam("jsonrpcs", "dgram_workers", 1)""",
            """error kamailio.socket: modparam("jsonrpcs", "dgram_mode", 0600)""",
            """error kamailio.socket: modparam("ctl", "mode", 0600)""",
            """warning kamailio.pretty-format: modparam("jsonrpcs", "pretty_format", 0)""",
            """note kamailio.writers: modparam("ctl", "mode", 0600)""",
            "note kamailio.writers:",
            """warning kamailio.weights: #!define KAMRPC_ALG "11" """.TrimEnd(),
            "error kamailio.host-names: kamrpc announce --uri sip:ADDRESS:PORT, or the address in Kamailio's list file",
            "note kamailio.shared-memory: -m 256 (SHM_MEMORY=256 in /etc/default/kamailio)",
            "warning etcd.host-names: kamrpc announce --uri sip:ADDRESS:PORT",
        }));
        Assert.That(findings.Single(static finding => finding.Check == "kamailio.reload-delta").Text, Does.StartWith(TellsParameters ? "reload_delta is 5 (modparam.getn)" : $"reload_delta is 5 ({_kamailio.ConfigFile}:"));
        Assert.That(findings.Where(static finding => finding.Severity == "ok").Select(static finding => finding.Text), Has.Some.Contains("kamailio_rpc.fifo"), "the FIFO in the run directory");
        Assert.That(await _kamailio.ListAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task Over_BINRPC_it_sees_the_same_and_the_sockets_that_do_not_answer()
    {
        _kamailio = await KamailioServer.StartAsync(Healthy with { ExtraConfig = "loadmodule \"ctl.so\"" });
        var directory = Path.GetDirectoryName(_kamailio.FifoPath);

        var (exitCode, findings) = await RunAsync("auto:" + directory);

        Assert.That(exitCode, Is.Zero, "a note is no fault");
        Assert.That(findings.Where(static finding => finding.IsProblem), Is.Empty);
        Assert.That(findings.Single(static finding => finding.Check == "kamailio.writers"), Has.Property("Severity").EqualTo("note").And.Property("Text").StartsWith("jsonrpcs (datagram socket or FIFO) is open to Kamailio's own user").And.Property("Fix").Null);
        Assert.That(findings.Single(static finding => finding.Check == "kamailio.reachable").Text, Does.StartWith($"binrpc+unix:{directory}/kamailio_ctl answers in ").And.Contain("tried before: ").And.Contain($"{directory}/kamailio_rpc.sock"));
        Assert.That(findings.Single(static finding => finding.Check == "kamailio.reply-size").Text, Does.StartWith("the largest set has 1 destination; 1024 fit"));
    }

    [Test]
    public async Task A_list_that_does_not_fit_into_a_datagram_is_read_over_the_FIFO_and_without_one_is_found([Values] bool hasFifo)
    {
        _kamailio = await KamailioServer.StartAsync(Healthy with
        {
            ListFileLines = [.. Enumerable.Range(1, 1000).Select(static number => $"1 sip:127.0.{number / 250}.{number % 250}:5080 0 0 duid=a-long-name-that-takes-room-{number};rweight=50")],
            ExtraConfig = hasFifo ? string.Empty : "#!define KAMRPC_TRANSPORT 4",
        });

        var (exitCode, findings) = await RunAsync(_kamailio.RpcAddress);

        Assert.That(exitCode, Is.EqualTo(hasFifo ? 0 : 1));
        Assert.That(findings.Single(static finding => finding.Check == "kamailio.reply-size"), Is.EqualTo(hasFifo
            ? new DoctorFinding("kamailio.reply-size", "ok", $"1000 destinations do not fit into a reply over {_kamailio.RpcAddress}; they are read over jsonrpc+fifo:{_kamailio.FifoPath}, of any length", null)
            : new DoctorFinding(
                "kamailio.reply-size",
                "error",
                $"the list of destinations does not fit into a reply over {_kamailio.RpcAddress}: dispatcher.list: no reply from Kamailio within 1s",
                "#!define KAMRPC_TRANSPORT 6  and  kamrpc dispatch --kamailio-read jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo")));
    }

    [Test]
    public async Task A_list_that_is_too_long_is_read_over_ctl_where_the_file_of_the_FIFO_is_gone_and_without_ctl_a_restart_is_named([Values] bool hasCtl)
    {
        _kamailio = await KamailioServer.StartAsync(Healthy with
        {
            ListFileLines = [.. Enumerable.Range(1, 1000).Select(static number => $"1 sip:127.0.{number / 250}.{number % 250}:5080 0 0 duid=a-long-name-that-takes-room-{number};rweight=50")],
            ExtraConfig = hasCtl ? "loadmodule \"ctl.so\"" : string.Empty,
        });
        File.Delete(_kamailio.FifoPath);

        var finding = (await RunAsync(_kamailio.RpcAddress)).Findings.Single(static finding => finding.Check == "kamailio.reply-size");

        if (hasCtl)
        {
            Assert.That((finding.Severity, finding.Text), Is.EqualTo(("ok", $"1000 destinations do not fit into a reply over {_kamailio.RpcAddress}; they are read over binrpc+unix:{Path.GetDirectoryName(_kamailio.FifoPath)}/kamailio_ctl, of any length")));
        }
        else
        {
            Assert.That(finding.Severity, Is.EqualTo("error"));
            Assert.That(finding.Fix, Does.StartWith("systemctl restart kamailio: by transport 6 ("));
        }
    }

    [Test]
    public async Task A_socket_whose_file_is_deleted_under_Kamailio_is_told_as_that()
    {
        _kamailio = await KamailioServer.StartAsync(Healthy);
        File.Delete(_kamailio.SocketPath);

        var (exitCode, findings) = await RunAsync(_kamailio.RpcAddress);

        Assert.That(exitCode, Is.EqualTo(3));
        var finding = findings.Single(static finding => finding.Check == "kamailio.reachable");
        Assert.That(finding.Text, Does.Contain($"A Kamailio runs here (PID {_kamailio.Pid}").And.Contain($"has {_kamailio.SocketPath} open, whose file was deleted since"));
        Assert.That(finding.Fix, Does.StartWith("systemctl restart kamailio"));
    }

    [Test]
    public async Task A_script_that_works_on_the_table_itself_and_calls_that_nobody_counts_are_found()
    {
        _kamailio = await KamailioServer.StartAsync(Healthy with
        {
            Algorithm = "10",
            ListFileLines = ["1 sip:127.0.0.1:5080 0 0 duid=a;maxload=10"],
            ExtraConfig = "#!define KAMRPC_CALL_SLOTS 8",
            FinalConfig = """
                event_route[dispatcher:dst-down] {
                    ds_reload();
                }
                route[OWN] {
                    ds_select_dst("1", "13");
                    jsonrpc_exec('{"jsonrpc": "2.0", "method": "dispatcher.remove", "params": [1, "sip:127.0.0.1:1"]}');
                }
                """,
        });

        var (exitCode, findings) = await RunAsync(_kamailio.RpcAddress);

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(
            findings.Where(static finding => finding.IsProblem).Select(static finding => $"{finding.Severity} {finding.Check}: {finding.Text}").ToList(),
            Has.Count.EqualTo(4)
                .And.Some.Match("^error kamailio.script: .*:[0-9]+ calls ds_reload\\(\\) in event_route\\[dispatcher:dst-down\\]: the dispatcher runs that block")
                .And.Some.Match("^error kamailio.script: .*:[0-9]+ calls jsonrpc_exec\\(\\) of dispatcher.remove in route\\[OWN\\]: one more writer")
                .And.Some.Match("^warning kamailio.algorithm: algorithm 13")
                .And.Some.Match("^error kamailio.call-load: 1 destination with maxload, but ds_hash_size is 0"));
    }

    [Test]
    public async Task Values_with_which_Kamailio_starts_and_no_call_gets_through_are_found()
    {
        _kamailio = await KamailioServer.StartAsync(Healthy with
        {
            Algorithm = "7",
            ExtraConfig = """
                #!define KAMRPC_PING_CODES "class=4"
                #!define KAMRPC_FAILOVER_CODES "500|"
                """,
        });

        var (exitCode, findings) = await RunAsync(_kamailio.RpcAddress);

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(
            findings.Where(static finding => finding.IsProblem).Select(static finding => $"{finding.Severity} {finding.Check}: {finding.Text}").ToList(),
            Has.Count.EqualTo(3)
                .And.Some.Match("^error kamailio.algorithm: algorithm 7 hashes over hash_pvar")
                .And.Some.Match("^error kamailio.ping-codes: class=4 in ds_ping_reply_codes")
                .And.Some.Match("^warning kamailio.failover-codes: KAMRPC_FAILOVER_CODES \"500\\|\" matches every answer"));
    }

    [Test]
    public async Task A_configuration_changed_since_the_start_proves_nothing_and_one_that_is_named_does()
    {
        _kamailio = await KamailioServer.StartAsync(Healthy);
        File.SetLastWriteTimeUtc(_kamailio.ConfigFile, DateTime.UtcNow.AddHours(1));

        var (exitCode, findings) = await RunAsync(_kamailio.RpcAddress);

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(findings.Single(static finding => finding.IsProblem), Has.Property("Check").EqualTo("kamailio.config").And.Property("Text").Contain("was changed after Kamailio's start"));
        Assert.That(
            findings.Where(static finding => finding.Because == "kamailio.config").Select(static finding => finding.Check),
            Is.EquivalentTo(TellsParameters ? new[] { "kamailio.script" } : ["kamailio.reload-delta", "kamailio.load-mode", "kamailio.script"]));
        Assert.That((await RunAsync(_kamailio.RpcAddress, "--kamailio-cfg", _kamailio.ConfigFile)).ExitCode, Is.Zero);
    }

    [Test]
    public async Task What_etcd_keeps_and_how_large_it_may_become_is_told()
    {
        var findings = await EtcdFindingsAsync();
        Assert.That(findings["etcd.compaction"], Has.Property("Severity").EqualTo("note").And.Property("Text").Contain("keeps each of its").And.Property("Fix").Contain("--auto-compaction-retention=1h"));
        Assert.That(findings["etcd.quota"], Has.Property("Severity").EqualTo("ok").And.Property("Text").Contain("with a quota of 2048 MB"));

        await _etcd.PutAsync("/kamrpc/default/members/1/a", """{"uri":"sip:127.0.0.1:5081"}""");
        var revision = await _etcd.PutAsync("/kamrpc/default/members/1/a", """{"uri":"sip:127.0.0.1:5082"}""");
        await _etcd.CompactAsync(revision);
        findings = await EtcdFindingsAsync();
        Assert.That(findings["etcd.compaction"], Has.Property("Severity").EqualTo("ok").And.Property("Text").Contain($"is compacted up to revision {revision}, and keeps 0"));

        async Task<IReadOnlyDictionary<string, DoctorFinding>> EtcdFindingsAsync()
        {
            var (_, found) = await RunAsync($"jsonrpc+unix:{_folder.File("none.sock")}");
            return found.Where(static finding => finding.Check is "etcd.compaction" or "etcd.quota").ToDictionary(static finding => finding.Check);
        }
    }

    [Test]
    public async Task Without_Kamailio_etcd_is_examined_and_the_exit_code_is_3()
    {
        var (exitCode, findings) = await RunAsync($"jsonrpc+unix:{_folder.File("none.sock")}");

        Assert.That(exitCode, Is.EqualTo(3));
        Assert.That(findings.Where(static finding => finding.Severity == "error").Select(static finding => finding.Check), Is.EqualTo(new[] { "kamailio.reachable" }), () => string.Join('\n', findings.Select(static finding => $"{finding.Check} {finding.Severity} {finding.Text}")));
        Assert.That(findings.Where(static finding => finding.Check.StartsWith("etcd.", StringComparison.Ordinal)).Select(static finding => finding.Severity), Is.All.AnyOf("ok", "note").And.Exactly(14).Items);
    }

    [Test]
    public async Task A_Kamailio_that_hangs_is_not_waited_for_and_one_without_etcd_is_examined()
    {
        _kamailio = await KamailioServer.StartAsync(Healthy);
        await _etcd.StopAsync();

        var (exitCode, findings) = await RunAsync(_kamailio.RpcAddress);

        Assert.That(exitCode, Is.EqualTo(3));
        Assert.That(findings.Single(static finding => finding.Severity == "error"), Has.Property("Check").EqualTo("etcd.reachable").And.Property("Text").Contain("Connection refused"));
        Assert.That(findings.Where(static finding => finding.Check.StartsWith("kamailio.", StringComparison.Ordinal) && finding.IsProblem), Is.Empty);
        Assert.That(findings.Single(static finding => finding.Check == "kamailio.routable").Because, Is.EqualTo("etcd.reachable"));

        _kamailio.Pause();
        (exitCode, findings) = await RunAsync(_kamailio.RpcAddress);

        Assert.That(exitCode, Is.EqualTo(3));
        Assert.That(findings.Single(static finding => finding.Check == "kamailio.reachable").Text, Does.StartWith("core.echo: no reply from Kamailio within 1s. Processes of it are stopped"));
    }

    [Test]
    public async Task An_alarm_of_etcd_and_an_endpoint_that_is_gone_are_found()
    {
        await _etcd.DisposeAsync();
        _etcd = await EtcdServer.StartAsync(new EtcdOptionSet { ExtraArguments = ["--quota-backend-bytes", "65536"] });
        var noSpace = false;
        for (var key = 0; key < 20 && !noSpace; key++)
        {
            try
            {
                await _etcd.PutAsync(string.Create(CultureInfo.InvariantCulture, $"/full/{key}"), new string('x', 20_000));
            }
            catch (InvalidOperationException full) when (full.Message.Contains("space exceeded", StringComparison.Ordinal))
            {
                noSpace = true;
            }
        }

        Assert.That(noSpace, "etcd is full");
        var gone = $"http://127.0.0.1:{RealServers.FreePort()}";
        _kamailio = await KamailioServer.StartAsync(Healthy);

        var (exitCode, findings) = await RunAsync(_kamailio.RpcAddress, "--etcd", $"{_etcd.Endpoint},{gone}");

        Assert.That(exitCode, Is.EqualTo(1), "one endpoint answers");
        var errors = findings.Where(static finding => finding.Severity == "error").ToList();
        Assert.That(errors.Select(static finding => finding.Check), Is.EquivalentTo(new[] { "etcd.health", "etcd.reachable" }));
        Assert.That(errors.Single(static finding => finding.Check == "etcd.health"), Has.Property("Text").Contain("NOSPACE").And.Property("Fix").Contain("etcdctl alarm disarm"));
        Assert.That(errors.Single(static finding => finding.Check == "etcd.reachable").Text, Does.Contain(gone));
    }

    private string[] Arguments(string kamailio, string format, params string[] more) =>
        ["doctor", "--kamailio", kamailio, "--reply-dir", _folder.File("r"), "-o", format, .. more.Contains("--etcd") ? [] : new[] { "--etcd", _etcd.Endpoint }, .. more];

    private Task<(int ExitCode, IReadOnlyList<DoctorFinding> Findings)> RunAsync(string kamailio, params string[] more) => DoctorRun.OfAsync(Arguments(kamailio, "json", more)[1..]);

    /// <summary>Of an etcd that was just started nobody can tell whether it compacts by itself.</summary>
    private static bool IsOfYoungEtcd(DoctorFinding finding) => finding is { Check: "etcd.compaction", Severity: "note" };
}
