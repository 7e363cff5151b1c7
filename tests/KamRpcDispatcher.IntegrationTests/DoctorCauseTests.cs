using System.Diagnostics;
using KamailioRpc;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary><c>kamrpc doctor</c> with a Kamailio that does not answer: what can be seen of the cause is told once, and what follows from it is no more than counted.</summary>
public class DoctorCauseTests
{
    private const string Kamailio = "kamailio";
    private const string Nobody = "nobody";

    /// <summary>Nobody listens: of etcd nothing is asked here.</summary>
    private const string NoEtcd = "http://127.0.0.1:1";

    private readonly TemporaryFolder _folder = new();
    private KamailioServer? _kamailio;

    [OneTimeSetUp]
    public void Open() => File.SetUnixFileMode(_folder.Path, (UnixFileMode)Convert.ToInt32("1777", 8));

    [OneTimeTearDown]
    public void Forget() => _folder.Dispose();

    [SetUp]
    public void Require() => RealServers.Require(Kamailio);

    [TearDown]
    public async Task End()
    {
        await ServerLife.EndAsync(_kamailio);
        _kamailio = null;
    }

    [Test]
    public async Task A_socket_that_is_roots_is_told_with_the_define_that_gives_it_to_Kamailios_user()
    {
        OtherUser.RequireRoot();
        _kamailio = await KamailioServer.StartAsync(new KamailioOptions { User = Kamailio });

        var findings = await AsAsync(Kamailio, _kamailio.RpcAddress);

        Assert.That(findings["kamailio.reachable"], Has.Property("Severity").EqualTo("error")
            .And.Property("Text").Contain($"User kamailio may not write to {_kamailio.SocketPath} (root:root, 0600), which is root's though Kamailio is user kamailio by now")
            .And.Property("Fix").StartsWith("#!define KAMRPC_SOCKET_USER \"kamailio\" above the include of kamrpc-dispatcher.cfg"));
        Assert.That(findings.Values.Where(static finding => finding.Check.StartsWith("kamailio.", StringComparison.Ordinal) && finding.IsProblem), Has.Exactly(1).Items);
        Assert.That(findings.Values.Count(static finding => finding.Because == "kamailio.reachable"), Is.GreaterThan(15));
    }

    [Test]
    public async Task With_that_define_Kamailios_user_reaches_it_and_sees_its_processes()
    {
        OtherUser.RequireRoot();
        _kamailio = await KamailioServer.StartAsync(new KamailioOptions { User = Kamailio, ExtraConfig = "#!define KAMRPC_SOCKET_USER \"kamailio\"" });

        var findings = await AsAsync(Kamailio, _kamailio.RpcAddress);

        foreach (var check in new[] { "kamailio.reachable", "kamailio.socket", "kamailio.processes", "kamailio.config" })
        {
            Assert.That(findings[check].Severity, Is.EqualTo("ok"), findings[check].Text);
        }
    }

    [Test]
    public async Task Who_may_not_look_says_so_and_who_could_and_nothing_of_what_he_did_not_see()
    {
        OtherUser.RequireRoot();
        _kamailio = await KamailioServer.StartAsync();

        var findings = await AsAsync(Nobody, _kamailio.RpcAddress);

        var folder = Path.GetDirectoryName(_kamailio.SocketPath);
        Assert.That(findings["kamailio.reachable"], Has.Property("Text").Contain($"User nobody may not enter {folder} (root:root, 0700)").And.Property("Fix").StartsWith("kamrpc as user root"));
        Assert.That(findings["kamailio.dispatcher"], Has.Property("Severity").EqualTo("unknown").And.Property("Because").EqualTo("kamailio.reachable")
            .And.Property("Text").Contain($"user nobody may not enter {folder} (root:root, 0700), root may"));
    }

    [Test]
    public async Task A_Kamailio_that_opens_another_socket_is_told_with_that_one()
    {
        _kamailio = await KamailioServer.StartAsync();

        var finding = (await DoctorAsync($"jsonrpc+unix:{_folder.File("other.sock")}"))["kamailio.reachable"];

        Assert.That(finding.Text, Does.Contain("A Kamailio runs here (PID ").And.Contain("in its place"));
        Assert.That(finding.Fix, Does.Contain($"or #!define KAMRPC_SOCKET \"{_folder.File("other.sock")}\""));
    }

    [Test]
    public async Task A_Kamailio_that_has_ended_is_told()
    {
        _kamailio = await KamailioServer.StartAsync();
        _kamailio.Kill();
        await _kamailio.Gone;

        var finding = (await DoctorAsync(_kamailio.RpcAddress))["kamailio.reachable"];

        Assert.That(finding.Text, Does.StartWith($"Kamailio does not listen on {_kamailio.RpcAddress}").And.Match("No Kamailio runs here|A Kamailio runs here"));
    }

    [Test]
    public async Task Replies_that_go_to_another_directory_by_the_same_name_are_told()
    {
        OtherUser.RequireRoot();
        RealServers.Require("unshare");
        _kamailio = await KamailioServer.StartAsync();
        var replies = _folder.File("private");
        Directory.CreateDirectory(replies);

        var findings = await RunAsync("unshare", ["--mount", "sh", "-euc", "mount -t tmpfs tmpfs \"$1\"; shift; exec \"$@\"", "sh", replies], _kamailio.RpcAddress, "--reply-dir", replies + "/r");

        Assert.That(findings["kamailio.reachable"], Has.Property("Text").StartsWith($"core.echo: no reply from Kamailio within 1s. {replies}/r is another directory to Kamailio (another mount namespace")
            .And.Property("Fix").StartsWith("--reply-dir DIRECTORY that both see"));

        // The process that carries requests out waits for the next one.
        Assert.That(findings["kamailio.reachable"].Text + findings["kamailio.reachable"].Fix, Does.Not.Contain("busy").And.Not.Contain("gdb"));
    }

    [Test]
    public async Task An_RPC_process_that_is_frozen_is_told_and_the_others_are_not()
    {
        _kamailio = await KamailioServer.StartAsync();
        var worker = (await _kamailio.CallAsync("core.psx")).EnumerateArray().First(static process => process.GetProperty("DSC").GetString() == "JSONRPCS DATAGRAM").GetProperty("PID").GetInt32();
        await SignalAsync("STOP", worker);
        try
        {
            var finding = (await DoctorAsync(_kamailio.RpcAddress))["kamailio.reachable"];
            Assert.That(finding, Has.Property("Text").EqualTo($"core.echo: no reply from Kamailio within 1s. Processes of it are stopped (by SIGSTOP or a debugger): PID {worker}").And.Property("Fix").EqualTo($"kill -CONT {worker}"));
        }
        finally
        {
            await SignalAsync("CONT", worker);
        }
    }

    /// <summary>Where the socket's directory is open to all, the lock's file is there to be seen and not to be read.</summary>
    [Test]
    public async Task Who_may_not_read_the_lock_does_not_say_of_its_holder_that_it_has_no_report()
    {
        OtherUser.RequireRoot();
        _kamailio = await KamailioServer.StartAsync();
        File.SetUnixFileMode(Path.GetDirectoryName(_kamailio.SocketPath)!, (UnixFileMode)Convert.ToInt32("755", 8));
        var address = KamailioAddress.Parse(_kamailio.RpcAddress);
        using var held = new ProxyLock(ProxyLock.PathFor(address), "p1 (PID 1) on host h for cluster default, over x", NullLogger<ProxyLock>.Instance, _kamailio.SocketPath);
        held.Ensure();

        var finding = (await AsAsync(Nobody, _kamailio.RpcAddress))["kamailio.dispatcher"];

        Assert.That(finding, Has.Property("Severity").EqualTo("unknown").And.Property("Text").StartsWith($"somebody has its lock (PID {Environment.ProcessId}); who that is, and what it reports, is not seen: user nobody may not read {ProxyLock.PathFor(address)} (root:root, 0640)"));
        Assert.That(finding.Fix, Does.Contain("as Kamailio's user, or root"));
    }

    private static async Task SignalAsync(string signal, int pid)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{pid}"]);
        await kill.WaitForExitAsync();
        Assert.That(kill.ExitCode, Is.Zero);
    }

    private Task<Dictionary<string, DoctorFinding>> DoctorAsync(string kamailio) => RunAsync("env", [], kamailio, "--reply-dir", _folder.File("r"));

    private Task<Dictionary<string, DoctorFinding>> AsAsync(string user, string kamailio) =>
        RunAsync("setpriv", ["--reuid", user, "--regid", user == Nobody ? "nogroup" : user, "--clear-groups"], kamailio, "--reply-dir", _folder.File("of-" + user));

    /// <summary>Each check's first finding.</summary>
    private async Task<Dictionary<string, DoctorFinding>> RunAsync(string program, string[] arguments, string kamailio, params string[] options)
    {
        var start = new ProcessStartInfo(
            program, [.. arguments, .. KamrpcProgram.Command, "doctor", "--kamailio", kamailio, "--etcd", NoEtcd, "-o", "json", .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = "/nonexistent";
        start.Environment["TMPDIR"] = _folder.Path;
        start.Environment.Remove("XDG_RUNTIME_DIR");
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.That((process.ExitCode, await errors), Is.EqualTo((3, string.Empty)));
        return DoctorRun.Read(process.ExitCode, output).GroupBy(static finding => finding.Check).ToDictionary(static check => check.Key, static check => check.First());
    }
}
