using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Checks.Settings;
using KamRpcDispatcher.Doctor.Checks.Sockets;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Doctor.Observations.Sockets;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>What the checks make of what was seen of Kamailio. Each case changes one thing of a healthy one.</summary>
internal sealed class KamailioChecksTests
{
    private const string NoTcpNorHttp = "modparam(\"jsonrpcs\", \"transport\", 6)";

    private static readonly Observed<IReadOnlyList<RunningKamailio>> NobodyRuns = Observed<IReadOnlyList<RunningKamailio>>.Of([]);

    [TestCase(5, 6, 0, Severity.Ok, null)]
    [TestCase(5, 6, 1, Severity.Error, "modparam(\"dispatcher\", \"ds_load_mode\", 0), or #!define KAMRPC_LOAD_MODE 0")]
    [TestCase(6, 2, 0, Severity.Ok, null)]
    public void With_a_list_that_is_kept_for_starts_one_bad_line_must_not_keep_Kamailio_from_starting(int major, int minor, int mode, Severity severity, string? fix) => AssertFinding(
        ParameterChecks.OfLoadMode(Healthy.Kamailio with { Version = new KamailioVersion(major, minor), LoadMode = new Parameter(mode, "k.cfg:7"), HasBootList = true }), severity, $"ds_load_mode is {mode} (k.cfg:7)", fix);

    [Test]
    public void With_a_healthy_one_every_check_says_ok()
    {
        var findings = AllChecks.Of(Healthy.Kamailio, Healthy.Etcd);

        Assert.That(findings.Where(static finding => finding.Severity != Severity.Ok || finding.Fix is not null), Is.Empty);
        Assert.That(findings.Select(static finding => finding.Check).Distinct().Count(), Is.EqualTo(40));
    }

    [Test]
    public void Without_Kamailio_every_check_says_something_and_etcd_is_judged()
    {
        var nothing = new KamailioObservation { Address = Healthy.Kamailio.Address, Reply = Observed<TimeSpan>.Not("nobody listens"), Running = NobodyRuns };
        var findings = AllChecks.Of(nothing, Healthy.Etcd);

        Assert.That(findings.Select(static finding => finding.Check).Distinct(), Is.EquivalentTo(AllChecks.Of(Healthy.Kamailio, Healthy.Etcd).Select(static finding => finding.Check).Distinct()));
        AssertFinding(findings.Single(static finding => finding.Check == "kamailio.reachable"), Severity.Error, "nobody listens", "systemctl start kamailio");
        Assert.That(findings.Where(static finding => finding.Check.StartsWith("etcd.", StringComparison.Ordinal)).Select(static finding => finding.Severity), Is.All.EqualTo(Severity.Ok));
        Assert.That(findings.Where(static finding => finding.Severity == Severity.Unknown).Select(static finding => finding.Because), Has.Exactly(23).Items.And.All.EqualTo("kamailio.reachable"));
        Assert.That(findings.Single(static finding => finding.IsProblem).Check, Is.EqualTo("kamailio.reachable"));
    }

    [Test]
    public void What_was_tried_before_is_said()
    {
        Assert.That(ReachabilityCheck.Of(Healthy.Kamailio with { Failures = ["x: refused"] }).Text, Does.EndWith("tried before: x: refused"));
        AssertFinding(ReachabilityCheck.Of(new KamailioObservation { Failures = ["x: refused", "y: gone"], Running = NobodyRuns }), Severity.Error, "x: refused; y: gone", "systemctl start kamailio");
    }

    [TestCase(5, 3, Severity.Error, "5.3")]
    [TestCase(5, 4, Severity.Ok, "kamailio")]
    [TestCase(6, 1, Severity.Ok, "kamailio")]
    [TestCase(6, 2, Severity.Warning, "6.2 is newer than 6.1")]
    public void A_release_is_known_or_not(int major, int minor, Severity severity, string text)
    {
        var finding = VersionCheck.Of(Healthy.Kamailio with { Version = new KamailioVersion(major, minor) });
        Assert.That(finding.Severity, Is.EqualTo(severity));
        Assert.That(finding.Text, Does.Contain(text));
    }

    [Test]
    public void A_version_that_cannot_be_read_is_unknown() =>
        Assert.That(VersionCheck.Of(Healthy.Kamailio with { Version = KamailioVersion.Read("what?") }).Severity, Is.EqualTo(Severity.Unknown));

    [Test]
    public void Modules_that_are_missing_are_named()
    {
        AssertFinding(ModulesCheck.Of(Healthy.Kamailio with { Modules = Healthy.Modules("tm", "jsonrpcs") }), Severity.Error, "dispatcher is not loaded", "loadmodule \"dispatcher.so\"");
        AssertFinding(
            ModulesCheck.Of(Healthy.Kamailio with { Modules = Healthy.Modules("dispatcher", "jsonrpcs", "xlog", "textops", "pv", "sl", "tm") }), Severity.Warning, "tmx", "loadmodule \"tmx.so\"");
    }

    [Test]
    public void Parameters_that_hinder_are_named_with_where_they_are_set()
    {
        AssertFinding(
            ParameterChecks.OfReloadDelta(Healthy.Kamailio with { ReloadDelta = new Parameter(5, "the default") }), Severity.Error, "reload_delta is 5 (the default)", "modparam(\"dispatcher\", \"reload_delta\", 0)");
        AssertFinding(
            ParameterChecks.OfLoadMode(Healthy.Kamailio with { LoadMode = new Parameter(0, "k.cfg:7") }), Severity.Error, "ds_load_mode is 0 (k.cfg:7)", "modparam(\"dispatcher\", \"ds_load_mode\", 1)");
        AssertFinding(
            ParameterChecks.OfReloadDelta(Healthy.Kamailio with { ReloadDelta = Observed<Parameter>.Not("permission denied") }), Severity.Unknown, "permission denied", "--kamailio-cfg FILE");
        AssertFinding(ParameterChecks.OfPrettyFormat(Healthy.Kamailio with { IsPretty = true }), Severity.Warning, "indented", "modparam(\"jsonrpcs\", \"pretty_format\", 0)");
    }

    [TestCase(5, 4, 1, Severity.Ok, null)]
    [TestCase(6, 1, 1, Severity.Ok, null)]
    [TestCase(6, 1, 0, Severity.Error, "modparam(\"dispatcher\", \"ds_load_mode\", 1)")]
    [TestCase(6, 2, 0, Severity.Ok, null)]
    [TestCase(6, 2, 1, Severity.Error, "modparam(\"dispatcher\", \"ds_load_mode\", 0)")]
    [TestCase(7, 0, 1, Severity.Error, "modparam(\"dispatcher\", \"ds_load_mode\", 0)")]
    public void What_the_load_mode_must_be_follows_the_release(int major, int minor, int mode, Severity severity, string? fix) => AssertFinding(
        ParameterChecks.OfLoadMode(Healthy.Kamailio with { Version = new KamailioVersion(major, minor), LoadMode = new Parameter(mode, "k.cfg:7") }), severity, $"ds_load_mode is {mode} (k.cfg:7)", fix);

    [Test]
    public void With_BINRPC_pretty_format_does_not_matter() =>
        Assert.That(ParameterChecks.OfPrettyFormat(Healthy.Kamailio with { Address = KamailioAddress.Parse("binrpc+unix:/run/kamailio/kamailio_ctl"), IsPretty = true }).Severity, Is.EqualTo(Severity.Ok));

    [TestCase("jsonrpc+unix:/s", 91_600, Severity.Ok)]
    [TestCase("jsonrpc+unix:/s", 91_800, Severity.Warning)]
    [TestCase("jsonrpc+udp://127.0.0.1:8090", 45_700, Severity.Ok)]
    [TestCase("jsonrpc+udp://127.0.0.1:8090", 45_900, Severity.Warning)]
    [TestCase("binrpc+udp://127.0.0.1:2049", 45_900, Severity.Warning)]
    [TestCase("jsonrpc+fifo:/f", 900_000, Severity.Ok)]
    [TestCase("jsonrpc+tcp://127.0.0.1:5042", 900_000, Severity.Ok)]
    [TestCase("binrpc+unix:/c", 900_000, Severity.Ok)]
    public void A_list_fits_into_a_reply_with_room_or_not(string address, int bytes, Severity severity)
    {
        var finding = ReplySizeCheck.Of(Healthy.Kamailio with { Address = KamailioAddress.Parse(address), List = new ListReply(Healthy.Destinations(400), bytes) });
        Assert.That(finding.Severity, Is.EqualTo(severity));
    }

    [Test]
    public void How_many_destinations_of_their_kind_fit_is_said()
    {
        Assert.That(ReplySizeCheck.Of(Healthy.Kamailio).Text, Does.Contain("about 654 destinations like these fit, 2 are there"));
        AssertFinding(
            ReplySizeCheck.Of(Healthy.Kamailio with { Address = KamailioAddress.Parse("binrpc+unix:/c"), List = Healthy.List(Healthy.Destinations(800)) }),
            Severity.Warning,
            "the largest set has 800 destinations; 1024 fit",
            "modparam(\"ctl\", \"binrpc_struct_max_body_size\", 64)");
    }

    [Test]
    public void A_list_that_does_not_fit_is_an_error_whose_remedy_is_the_FIFO_that_is_there()
    {
        var tooLong = Healthy.Kamailio with { List = new ListReply([], 0) { TooLong = "no reply" } };

        AssertFinding(ReplySizeCheck.Of(tooLong), Severity.Error, "no reply", "#!define KAMRPC_TRANSPORT 6");
        AssertFinding(
            ReplySizeCheck.Of(tooLong with { Sockets = [Healthy.Socket(SocketKind.JsonFifo, "/run/k/f", "660")] }), Severity.Error, "no reply", "kamrpc dispatch --kamailio-read jsonrpc+fifo:/run/k/f");
        AssertFinding(
            ReplySizeCheck.Of(tooLong with { Transport = new Parameter(6, "k.cfg:3") }), Severity.Error, "no reply", "systemctl restart kamailio: by transport 6 (k.cfg:3) it has made a FIFO, whose file is not there any more");
        Assert.That(HostNamesCheck.Of(tooLong).Severity, Is.EqualTo(Severity.Unknown));
        Assert.That(WeightsCheck.Of(tooLong).Single().Severity, Is.EqualTo(Severity.Unknown));
    }

    [Test]
    public void A_list_that_was_read_over_the_FIFO_is_judged()
    {
        var list = Healthy.List(Healthy.Destinations(700)) with { TooLong = "no reply", ReadOver = KamailioAddress.Parse("jsonrpc+fifo:/run/k/f") };
        var kamailio = Healthy.Kamailio with { List = list };

        AssertFinding(ReplySizeCheck.Of(kamailio), Severity.Ok, "700 destinations do not fit into a reply over jsonrpc+unix:", null);
        AssertFinding(
            ReplySizeCheck.Of(Healthy.Kamailio with { List = new ListReply(Healthy.Destinations(600), 120_000), Sockets = [Healthy.Socket(SocketKind.JsonFifo, Healthy.FifoPath, "600")] }),
            Severity.Ok, "longer ones are read over " + Healthy.FifoPath, null);
        AssertFinding(HostNamesCheck.Of(kamailio), Severity.Ok, "700 destinations, all with addresses", null);
    }

    [Test]
    public void Several_datagram_workers_are_an_error() => AssertFinding(
        WritersCheck.Of(Healthy.Kamailio with { Processes = Healthy.Processes("main process - attendant", "JSONRPCS DATAGRAM", "JSONRPCS DATAGRAM") }).Single(),
        Severity.Error,
        "2 processes",
        "modparam(\"jsonrpcs\", \"dgram_workers\", 1)");

    [TestCase("jsonrpc+unix:/s", 4, "ctl handler", "ctl is another way in", "modparam(\"ctl\", \"mode\", 0600)")]
    [TestCase("jsonrpc+unix:/s", 12, "JSONRPCS TCP", "jsonrpcs over TCP", NoTcpNorHttp)]
    [TestCase("jsonrpc+unix:/s", 5, "xhttp", "jsonrpcs over HTTP", NoTcpNorHttp)]
    [TestCase("jsonrpc+unix:/s", 4, "xhttp_rpc", "xhttp_rpc", "# loadmodule \"xhttp_rpc.so\"")]
    [TestCase("binrpc+unix:/c", 4, "ctl handler", "jsonrpcs (datagram socket or FIFO) is open to Kamailio's own user", null)]
    [TestCase("jsonrpc+tcp://127.0.0.1:1", 12, "JSONRPCS TCP", "datagram socket", "--kamailio jsonrpc+unix:")]
    public void Another_way_in_is_a_note_since_it_harms_only_when_somebody_uses_it(string address, int transport, string more, string way, string? fix)
    {
        var kamailio = Healthy.Kamailio with
        {
            Address = KamailioAddress.Parse(address),
            Transport = new Parameter(transport, "kamailio.cfg:3"),
            Processes = Healthy.Processes("main process - attendant", "JSONRPCS DATAGRAM", more),
            Modules = Healthy.Modules("dispatcher", "jsonrpcs", more),
        };
        AssertFinding(WritersCheck.Of(kamailio).Single(), Severity.Note, way, fix);
    }

    [Test]
    public void The_FIFO_of_the_snippet_is_there_for_reading_and_HTTP_that_is_not_opened_is_no_other_way()
    {
        var fifo = Healthy.Kamailio with { Processes = Healthy.Processes("JSONRPCS FIFO", "JSONRPCS DATAGRAM") };
        AssertFinding(WritersCheck.Of(fifo).Single(), Severity.Note, "the FIFO is open to Kamailio's own user and root", null);
        AssertFinding(WritersCheck.Of(Healthy.Kamailio with { Modules = Healthy.Modules("jsonrpcs", "xhttp") }).Single(), Severity.Ok, "one process", null);
    }

    /// <summary>Else neither kamcmd nor kamctl would be left to the operator.</summary>
    [TestCase("600", "600", "ctl and the FIFO are open to Kamailio's own user and root", null)]
    [TestCase("660", "600", "ctl is open to Kamailio's own user and root", "modparam(\"jsonrpcs\", \"fifo_mode\", 0600)")]
    [TestCase("600", "660", "the FIFO is open to Kamailio's own user and root", "modparam(\"ctl\", \"mode\", 0600)")]
    public void What_is_open_to_Kamailios_own_user_only_is_a_note_that_wants_nothing_gone(string fifoMode, string ctlMode, string text, string? fix)
    {
        var kamailio = Healthy.Kamailio with
        {
            Processes = Healthy.Processes("main process - attendant", "JSONRPCS DATAGRAM", "JSONRPCS FIFO", "ctl handler"),
            Sockets = [Healthy.Socket(SocketKind.JsonFifo, Healthy.FifoPath, fifoMode), Healthy.Socket(SocketKind.Ctl, Healthy.CtlPath, ctlMode)],
        };
        var findings = WritersCheck.Of(kamailio).ToList();
        AssertFinding(findings[^1], Severity.Note, text, null);
        Assert.That(findings.SkipLast(1).Select(static finding => finding.Fix), Is.EqualTo(fix is null ? [] : new[] { fix }));
    }

    [Test]
    public void One_lock_for_all_of_RPC_is_accepted_where_readers_are_counted()
    {
        var locked = Healthy.Kamailio with
        {
            Version = new KamailioVersion(6, 2),
            Config = Healthy.Config() with { HasOneRpcLock = true },
            Processes = Healthy.Processes("main process - attendant", "JSONRPCS DATAGRAM", "JSONRPCS DATAGRAM", "ctl handler"),
        };
        AssertFinding(WritersCheck.Of(locked).Single(), Severity.Ok, "rpc_exec_locks is 1", null);
        Assert.That(WritersCheck.Of(locked with { Config = Healthy.Config() }).Count(), Is.EqualTo(2));
        Assert.That(WritersCheck.Of(locked with { Version = new KamailioVersion(6, 1) }).Count(), Is.EqualTo(2));
    }

    [Test]
    public void HTTP_itself_is_several_writers() => Assert.That(
        WritersCheck.Of(Healthy.Kamailio with { Address = KamailioAddress.Parse("http://127.0.0.1:5060/RPC") }).Select(static finding => finding.Text), Has.Some.Contains("every TCP process carries out requests"));

    [TestCase(100, 0, 1, "11", Severity.Ok, null)]
    [TestCase(101, 0, 1, "11", Severity.Error, "101 destinations")]
    [TestCase(101, 1, 1, null, Severity.Error, "101 destinations")]
    [TestCase(101, 1, 1, "4", Severity.Ok, "algorithm 4 does not use weights")]
    [TestCase(101, 0, 0, "11", Severity.Ok, "no destination has a weight")]
    [TestCase(2, 50, 50, "9", Severity.Ok, null)]
    [TestCase(2, 40, 40, "9", Severity.Warning, "their sum is 80: the last destination gets the rest")]
    [TestCase(2, 60, 60, "9", Severity.Warning, "their sum is 120: those beyond 100 get no calls")]
    [TestCase(2, 40, 40, "11", Severity.Ok, null)]
    [TestCase(2, 40, 40, null, Severity.Ok, null)]
    [TestCase(2, 40, 0, null, Severity.Warning, "their sum is 80")]
    public void Weights_are_shares_of_100_slots(int count, int weight, int relativeWeight, string? algorithm, Severity severity, string? text)
    {
        var kamailio = Healthy.Kamailio with { List = Healthy.List(Healthy.Destinations(count, weight, relativeWeight)), Algorithm = algorithm };
        AssertFinding(WeightsCheck.Of(kamailio).Single(), severity, text ?? string.Empty, severity == Severity.Ok ? null : "#!define KAMRPC_ALG");
    }

    [TestCase(60, 1, "gets 41 % of the calls, and its weight says 1.7 % (60 destinations", "#!define KAMRPC_ALG \"4\": all weights are equal")]
    [TestCase(30, 1, "gets 13 % of the calls, and its weight says 3.3 %", "#!define KAMRPC_ALG \"4\"")]
    [TestCase(3, 1, null, null)]
    public void True_shares_that_are_far_from_the_weights_are_told(int count, int weight, string? text, string? fix)
    {
        var kamailio = Healthy.Kamailio with { List = Healthy.List(Healthy.Destinations(count, 0, weight)), Algorithm = "11" };
        AssertFinding(WeightsCheck.Of(kamailio).Single(), text is null ? Severity.Ok : Severity.Warning, text ?? string.Empty, fix);
    }

    [Test]
    public void The_algorithm_of_the_weights_is_also_read_from_the_script()
    {
        var kamailio = Healthy.Kamailio with { List = Healthy.List(Healthy.Destinations(60, 50, 1)) };
        Assert.That(WeightsCheck.Of(kamailio with { Config = Healthy.Config(Healthy.Call("ds_select_dst", "\"1\", \"4\"")) }).Single().Severity, Is.EqualTo(Severity.Ok));
        Assert.That(WeightsCheck.Of(kamailio with { Config = Healthy.Config(Healthy.Call("ds_select_dst", "\"1\", \"11\"")) }).Single().Text, Does.Contain("under algorithm 11"));
    }

    [TestCase("sip:10.0.0.1")]
    [TestCase("sip:user@10.0.0.1:5060;lr")]
    [TestCase("sips:[::1]:5061")]
    [TestCase("sip:asterisk.example.org:5060", "asterisk.example.org")]
    [TestCase("sip:user@asterisk;transport=tcp", "asterisk")]
    public void Destinations_with_names_are_told(string uri, string? name = null)
    {
        var finding = HostNamesCheck.Of(Healthy.Kamailio with { List = Healthy.List(Healthy.Destination(uri)) });
        AssertFinding(finding, name is null ? Severity.Ok : Severity.Warning, name ?? "1 destination", name is null ? null : "kamrpc announce --uri sip:ADDRESS:PORT");
    }

    [TestCase(256, 21, Severity.Ok, null)]
    [TestCase(256, 19, Severity.Warning, "-m 512")]
    [TestCase(256, 4, Severity.Error, "-m 512")]
    [TestCase(64, 96, Severity.Note, "-m 256")]
    [TestCase(64, 19, Severity.Warning, "-m 256")]
    [TestCase(64, 4, Severity.Error, "-m 256")]
    public void Shared_memory_is_enough_or_not(long megabytes, int freePercent, Severity severity, string? fix) =>
        AssertFinding(SharedMemoryCheck.Of(Healthy.Kamailio with { Memory = Healthy.Memory(megabytes, freePercent) }), severity, $"{freePercent} %", fix);

    [Test]
    public void A_name_without_an_address_is_lost_at_the_next_change()
    {
        var list = Healthy.List(
            Healthy.Destination("sip:gw.test:7001"), Healthy.Destination("sip:other.test"), Healthy.Destination("sip:ours.test") with { Attributes = "duid=a;kamrpc=default" });
        var kamailio = Healthy.Kamailio with { List = list };

        AssertFinding(HostNamesCheck.Of(kamailio), Severity.Warning, "kamrpc did not add all of these", "kamrpc announce --uri");
        AssertFinding(
            HostNamesCheck.Of(kamailio with { UnresolvedNames = new HashSet<string> { "gw.test" } }), Severity.Error, "no address now: sip:gw.test:7001; the next change", "kamrpc announce --uri");
        Assert.That(HostNamesCheck.Of(kamailio with { UnresolvedNames = new HashSet<string> { "ours.test" } }).Text, Does.Not.Contain("kamrpc did not add"));
    }

    [Test]
    public void Processes_that_are_never_at_rest_are_named()
    {
        var kamailio = Healthy.Kamailio with { Restless = [new KamailioProcess(4711, "Spinner")] };
        AssertFinding(ProcessesCheck.Of(kamailio), Severity.Warning, "within a second: 'Spinner' (PID 4711)", "leave out the module");
    }

    [Test]
    public void Processes_that_are_stopped_are_an_error_and_the_servers_are_not_to_blame()
    {
        var kamailio = Healthy.Kamailio with { Stopped = [new KamailioProcess(4711, "slow timer"), new KamailioProcess(4712, "udp receiver child=0 sock=10.0.0.5:5060")] };
        AssertFinding(
            ProcessesCheck.Of(kamailio), Severity.Error, "stopped, by SIGSTOP or a debugger: 'slow timer' (PID 4711), 'udp receiver child=0 sock=10.0.0.5:5060' (PID 4712)", "kill -CONT 4711 4712");
        AssertFinding(ProcessesCheck.Of(kamailio with { ProcessView = Observed<string>.Not("they are hidden") }), Severity.Error, "'slow timer' (PID 4711)", "kill -CONT 4711 4712");

        var silent = kamailio with { List = Healthy.List(Healthy.Destination("sip:10.0.0.1:5060") with { State = DestinationState.Inactive }) };
        var routable = AllChecks.Of(silent, Healthy.Etcd).Single(static finding => finding.Check == "kamailio.routable");
        AssertFinding(routable, Severity.Error, "inactive", "first kill -CONT 4711 4712 (kamailio.processes)");
        Assert.That(routable.Fix, Does.Not.Contain("firewall"));
    }

    [Test]
    public void Processes_that_cannot_be_seen_are_a_warning() => AssertFinding(
        ProcessesCheck.Of(Healthy.Kamailio with { ProcessView = Observed<string>.Not("they are hidden") }), Severity.Warning, "they are hidden", "User=kamailio");

    [TestCase(0, Severity.Ok, "agrees")]
    [TestCase(5, Severity.Ok, "agrees")]
    [TestCase(7, Severity.Warning, "7 s ahead")]
    [TestCase(-7, Severity.Warning, "6 s behind")]
    [TestCase(3600, Severity.Ok, "01:00 hours")]
    [TestCase(-3600 + 60, Severity.Warning, "60 s ahead, apart from its time zone")]
    [TestCase(400, Severity.Warning, "400 s ahead")]
    public void Kamailios_clock_is_compared_apart_from_its_zone(int ahead, Severity severity, string text)
    {
        var finding = ClockCheck.Of(Healthy.Kamailio with { Clock = Healthy.Clock(TimeSpan.FromSeconds(ahead)) });
        AssertFinding(finding, severity, text, severity == Severity.Ok ? null : "timedatectl set-ntp true");
    }

    [TestCase("duid=a;kamrpc=default", "sip:10.0.0.1:5060", Severity.Ok, "1 destination of kamrpc's")]
    [TestCase("duid=a;kamrpc=default", "sip:10.0.0.1:5060;kamrpc", Severity.Ok, "1 destination")]
    [TestCase("duid=a;kamrpc=old", "sip:10.0.0.1:5060", Severity.Warning, "set 1: sip:10.0.0.1:5060 (cluster old)")]
    [TestCase("duid=b;kamrpc=default", "sip:10.0.0.2:5060", Severity.Warning, "set 1: sip:10.0.0.2:5060")]
    [TestCase("weight=7", "sip:10.0.0.2:5060", Severity.Ok, "0 destinations")]
    public void What_kamrpc_added_and_nobody_follows_is_told(string attributes, string uri, Severity severity, string text)
    {
        var kamailio = Healthy.Kamailio with { List = Healthy.List(Healthy.Destination(uri) with { Attributes = attributes }) };

        AssertFinding(OrphansCheck.Of(kamailio, Healthy.Etcd), severity, text, severity == Severity.Ok ? null : text.Contains("cluster", StringComparison.Ordinal) ? "kamrpc doctor --cluster old" : "a --set that names their sets for the kamrpc dispatch");
        var disabled = Healthy.Kamailio with { List = Healthy.List(Healthy.Destination("sip:10.0.0.2:5060") with { Attributes = "duid=b;kamrpc=default", State = DestinationState.Disabled }) };
        Assert.That(OrphansCheck.Of(disabled, Healthy.Etcd).Severity, Is.EqualTo(Severity.Ok), "it has just left");
        Assert.That(
            OrphansCheck.Of(kamailio with { Mark = "p1 (PID 7) on host h for cluster old, over x" }, Healthy.Etcd with { Held = [Members.Of("b", uri: "sip:10.0.0.2")] }).Severity,
            Is.EqualTo(Severity.Ok),
            "it is served, or held back");
    }

    internal static void AssertFinding(Finding finding, Severity severity, string text, string? fix)
    {
        Assert.That(finding.Severity, Is.EqualTo(severity), finding.Text);
        Assert.That(finding.Text, Does.Contain(text));
        Assert.That(finding.Fix, fix is null ? Is.Null : Does.StartWith(fix));
    }
}
