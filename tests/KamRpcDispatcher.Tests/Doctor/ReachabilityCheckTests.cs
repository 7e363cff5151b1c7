using KamailioRpc;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks.Sockets;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Doctor.Observations.Sockets;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Why Kamailio does not answer, by what is seen of it beside that.</summary>
internal sealed class ReachabilityCheckTests
{
    private const string Trouble = "Kamailio does not listen";
    private const uint Kamailio = 90_102;
    private const uint Nobody = 65_534;

    private static readonly RunningKamailio Running = new(4711, new Credentials(Kamailio, [Kamailio]), CommandLine.Read(["kamailio", "-f", "k.cfg"]));

    private static readonly KamailioObservation Unheard = new()
    {
        Address = KamailioAddress.Parse(KamailioAddress.Default),
        Reply = Observed<TimeSpan>.Not(Trouble),
        Running = Observed<IReadOnlyList<RunningKamailio>>.Of([]),
        Examiner = new Credentials(Nobody, [Nobody]),
        Sockets = [new RpcSocket(SocketKind.JsonDatagram, Healthy.SocketPath)],
    };

    private static readonly KamailioObservation Silent = Unheard with
    {
        IsSilent = true,
        RepliesTo = "/tmp/kamrpc",
        Running = Of(Running with { Worker = new Worker(true, [4712]), SharesReplies = true }),
    };

    [Test]
    public void That_no_Kamailio_runs_is_told() =>
        AssertFinding(ReachabilityCheck.Of(Unheard), Severity.Error, $"{Trouble}. No process named kamailio is seen from here", "systemctl start kamailio");

    [Test]
    public void A_socket_that_is_left_is_told() => AssertFinding(
        ReachabilityCheck.Of(Unheard with { Sockets = [Owned(Nobody, "600")] }), Severity.Error, "is left of one that has ended", "systemctl start kamailio");

    [Test]
    public void A_directory_in_place_of_the_socket_is_told_as_that()
    {
        var given = Unheard with { Address = KamailioAddress.Parse("jsonrpc+unix:/run/kamailio"), Sockets = [new RpcSocket(SocketKind.JsonDatagram, "/run/kamailio") { File = Healthy.Directory with { IsDirectory = true } }] };
        AssertFinding(ReachabilityCheck.Of(given), Severity.Error, "/run/kamailio (root:root, 0755) is a directory, and no socket", "--kamailio auto:/run/kamailio, or the path of the socket in it");
        Assert.That(SocketsCheck.Of(given).Single(), Has.Property("Severity").EqualTo(Severity.Unknown).And.Property("Because").EqualTo("kamailio.reachable"));
    }

    [Test]
    public void A_directory_that_this_user_may_not_enter_is_told_with_who_may()
    {
        var shut = Healthy.Rights("/run/kamailio", Healthy.Octal("770")) with { User = Kamailio, Owner = "kamailio:kamailio" };
        AssertFinding(ReachabilityCheck.Of(Unheard with { Closed = shut }), Severity.Error, "may not enter /run/kamailio (kamailio:kamailio, 0770)", $"kamrpc as user {Kamailio}: User={Kamailio} in its unit");
    }

    [Test]
    public void A_socket_of_roots_though_Kamailio_is_another_user_is_told_with_the_define()
    {
        var ofRoot = Unheard with { Sockets = [Owned(0, "600")] };
        AssertFinding(
            ReachabilityCheck.Of(ofRoot with { Running = Of(Running) }), Severity.Error, $"which is root's though Kamailio is user {Kamailio} by now", $"#!define KAMRPC_SOCKET_USER \"{Kamailio}\" above the include");
        AssertFinding(ReachabilityCheck.Of(ofRoot), Severity.Error, "which is root's: it was started as root with -u", "#!define KAMRPC_SOCKET_USER \"kamailio\"");
        AssertFinding(ReachabilityCheck.Of(ofRoot with { Running = Of(Running with { User = new Credentials(0, []) }) }), Severity.Error, "may not write to", "kamrpc as user root");
        AssertFinding(
            ReachabilityCheck.Of(ofRoot with { Running = Of(Running, Running with { User = new Credentials(0, []) }) }), Severity.Error, $"root's too, or was started as root with -u (several run here, as {Kamailio}, root)", "kamrpc as user root");
        AssertFinding(ReachabilityCheck.Of(Unheard with { Sockets = [Owned(Kamailio, "600")], Running = Of(Running) }), Severity.Error, "may not write to", $"kamrpc as user {Kamailio}");
        Assert.That(ReachabilityCheck.Of(ofRoot with { Sockets = [Owned(0, "666")] }).Text, Does.Not.Contain("may not write"));
    }

    [TestCase("loadmodule \"tm.so\"", "loads neither jsonrpcs nor ctl", "include_file \"kamrpc-dispatcher.cfg\" in k.cfg")]
    [TestCase("loadmodule \"ctl.so\"", "does not load jsonrpcs", "include_file \"kamrpc-dispatcher.cfg\" in k.cfg")]
    [TestCase("loadmodule \"jsonrpcs.so\"\nmodparam(\"jsonrpcs\", \"dgram_socket\", \"/x/y.sock\")", "opens jsonrpc+unix:/x/y.sock (k.cfg:2), jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo in its place", "--kamailio jsonrpc+unix:/x/y.sock, or #!define KAMRPC_SOCKET \"/run/kamailio/kamailio_rpc.sock\"")]
    [TestCase("loadmodule \"jsonrpcs.so\"\nmodparam(\"jsonrpcs\", \"transport\", 2)", "opens jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo in its place", "--kamailio jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo")]
    [TestCase("loadmodule \"jsonrpcs.so\"", "is to open it according to k.cfg", "journalctl -u kamailio")]
    public void A_Kamailio_that_runs_is_told_with_what_its_configuration_opens(string config, string text, string fix) =>
        AssertFinding(
            ReachabilityCheck.Of(Unheard with { Running = Of(Running with { Config = Read(config) }) }), Severity.Error, $"A Kamailio runs here (PID 4711, user {Kamailio}), and {(text.StartsWith("load", StringComparison.Ordinal) || text.StartsWith("does", StringComparison.Ordinal) ? "k.cfg " : string.Empty)}{text}", fix);

    [Test]
    public void A_configuration_that_was_changed_since_the_start_is_told() => AssertFinding(
        ReachabilityCheck.Of(Unheard with { Running = Of(Running with { Config = Read("loadmodule \"jsonrpcs.so\""), Changed = "k.cfg" }, Running) }),
        Severity.Error, $"A Kamailio runs here (PID 4711, user {Kamailio}, one of 2), and k.cfg was changed after its start", "systemctl restart kamailio");

    [Test]
    public void A_socket_that_is_there_for_Kamailio_only_is_told() => AssertFinding(
        ReachabilityCheck.Of(Unheard with { Running = Of(Running with { Config = Read("loadmodule \"jsonrpcs.so\""), HasSocket = true }) }), Severity.Error, "a mount namespace of its own", "the socket in a directory that both see");

    [Test]
    public void A_socket_whose_file_was_deleted_under_a_Kamailio_that_has_it_open_is_told()
    {
        var open = Running with { Config = Read("loadmodule \"jsonrpcs.so\""), HasSocket = false, Worker = new Worker(true, [4712]) };
        AssertFinding(
            ReachabilityCheck.Of(Unheard with { Running = Of(open) }), Severity.Error, $"(PID 4711, user {Kamailio}), and has {Healthy.SocketPath} open, whose file was deleted since", "systemctl restart kamailio, which makes it again");
        AssertFinding(ReachabilityCheck.Of(Unheard with { Running = Of(open with { Worker = new Worker(false, []) }) }), Severity.Error, "is to open it according to k.cfg", "journalctl -u kamailio");
    }

    [Test]
    public void Where_procfs_hides_others_nothing_is_said_of_them() => AssertFinding(
        ReachabilityCheck.Of(Unheard with { Running = Observed<IReadOnlyList<RunningKamailio>>.Not("procfs hides") }), Severity.Error, "Whether a Kamailio runs here is not known: procfs hides", "kamrpc doctor as root");

    [Test]
    public void Of_another_host_nothing_is_looked_for_here() =>
        Assert.That(ReachabilityCheck.Of(Unheard with { Address = KamailioAddress.Parse("jsonrpc+tcp://10.0.0.1:5042") }).Text, Is.EqualTo(Trouble));

    [Test]
    public void One_that_is_stopped_is_told() => AssertFinding(
        ReachabilityCheck.Of(Silent with { Running = Of(Running with { Stopped = [4711, 4712] }) }), Severity.Error, "Processes of it are stopped (by SIGSTOP or a debugger): PID 4711, 4712", "kill -CONT 4711 4712");

    [Test]
    public void One_that_reads_no_requests_is_told() => AssertFinding(
        ReachabilityCheck.Of(Silent with { Running = Of(Running with { Worker = new Worker(false, [4712, 4713]) { Busy = [4713] }, SharesReplies = true }) }), Severity.Error, "No process of Kamailio (PID 4711) waits for a request there: the one that carries them out is busy, or hangs (PID 4713)", "if it stays so, a restart");

    [Test]
    public void One_that_may_be_waiting_for_requests_is_not_said_to_be_busy()
    {
        var doubtful = Silent with { Running = Of(Running with { Worker = new Worker(false, [4712, 4713]) { IsDoubtful = true }, SharesReplies = false }) };
        AssertFinding(ReachabilityCheck.Of(doubtful), Severity.Error, "/tmp/kamrpc is another directory to Kamailio", "--reply-dir DIRECTORY");
        Assert.That(ReachabilityCheck.Of(doubtful).Text + ReachabilityCheck.Of(doubtful).Fix, Does.Not.Contain("busy").And.Not.Contain("gdb"));
    }

    [Test]
    public void One_that_has_read_the_request_has_replied_to_nobody() =>
        AssertFinding(ReachabilityCheck.Of(Silent), Severity.Error, "its reply does not come to /tmp/kamrpc", "--kamailio ADDRESS");

    [TestCase("PrivateTmp of kamailio.service", "PrivateTmp of kamailio.service")]
    [TestCase(null, "another mount namespace: a container, or PrivateTmp of a unit")]
    public void Replies_that_go_to_another_directory_are_told(string? hider, string text) => AssertFinding(
        ReachabilityCheck.Of(Silent with { Running = Of(Running with { Worker = new Worker(true, [4712]), SharesReplies = false, Hider = hider }) }),
        Severity.Error, $"/tmp/kamrpc is another directory to Kamailio ({text})", "--reply-dir DIRECTORY that both see");

    [Test]
    public void A_reply_directory_that_Kamailio_cannot_enter_is_told()
    {
        var replies = new ReplyDirectory("/tmp/kamrpc", [Healthy.Rights("/", Healthy.Octal("755")), Healthy.Rights("/tmp/kamrpc", Healthy.Octal("700"))], true, 0) { Kamailio = Running.User };
        AssertFinding(ReachabilityCheck.Of(Silent with { Replies = replies }), Severity.Error, $"Kamailio's user {Kamailio} cannot enter /tmp/kamrpc", "chmod o+x /tmp/kamrpc");
        AssertFinding(ReplyDirectoryCheck.Of(Silent with { Replies = replies }), Severity.Error, "cannot enter /tmp/kamrpc", "chmod o+x /tmp/kamrpc");
        var inGroup = replies with { Way = [Healthy.Rights("/tmp/kamrpc", Healthy.Octal("710")) with { Group = Kamailio }] };
        AssertFinding(ReplyDirectoryCheck.Of(Silent with { Replies = inGroup }), Severity.Ok, "can enter it", null);
    }

    [Test]
    public void A_FIFO_for_replies_is_looked_for_where_Kamailio_makes_it() => AssertFinding(
        ReachabilityCheck.Of(Silent with
        {
            Address = KamailioAddress.Parse("jsonrpc+fifo:" + Healthy.FifoPath),
            RepliesTo = "/tmp",
            Running = Of(Running with { SharesReplies = true, Worker = new Worker(true, [4712]), Config = Read("loadmodule \"jsonrpcs.so\"\nmodparam(\"jsonrpcs\", \"fifo_reply_dir\", \"/run/k/\")") }),
        }),
        Severity.Error, "Kamailio puts its replies into /run/k/ (fifo_reply_dir), and they are waited for in /tmp", "--fifo-reply-dir /run/k");

    [Test]
    public void What_may_not_be_looked_at_is_told_with_who_may() => AssertFinding(
        ReachabilityCheck.Of(Silent with { Running = Of(Running with { SharesReplies = Observed<bool>.Not("user nobody may not look"), Worker = Observed<Worker>.Not("user nobody may not see") }) }),
        Severity.Error, "Whether /tmp/kamrpc is the same directory to Kamailio is not seen: user nobody may not look. Whether its RPC process is busy is not seen: user nobody may not see", $"kamrpc as user {Kamailio}");

    private static Observed<IReadOnlyList<RunningKamailio>> Of(params RunningKamailio[] running) => Observed<IReadOnlyList<RunningKamailio>>.Of(running);

    private static KamailioConfig Read(string text) => new ConfigReader(_ => text, new Defines(new Dictionary<string, string>())).Read("k.cfg");

    private static RpcSocket Owned(uint user, string mode) => Healthy.Socket(SocketKind.JsonDatagram, Healthy.SocketPath, mode) with
    {
        File = Healthy.Rights(Healthy.SocketPath, Healthy.Octal(mode)) with { User = user },
    };
}
