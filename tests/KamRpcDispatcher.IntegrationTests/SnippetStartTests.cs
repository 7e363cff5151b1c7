using System.Diagnostics;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Snippet;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What <c>kamrpc cfg --check</c> says does not start does not, and <c>kamailio -c</c> takes it.</summary>
public sealed class SnippetStartTests
{
    private const string Include = "include_file \"kamrpc-dispatcher.cfg\"";

    private readonly TemporaryFolder _folder = new();

    private static readonly string[] Files = ["kamailio.cfg", "kamrpc-dispatcher.cfg", "kamrpc-dispatcher.list"];

    [OneTimeTearDown]
    public void Forget() => _folder.Dispose();

    [TestCase("transport", "cannot find bind_xhttp", "#!define KAMRPC_TRANSPORT 7")]
    [TestCase("missing-route", "failed to find event_route[xhttp:request]", "#!define KAMRPC_TRANSPORT 7", "loadmodule \"xhttp.so\"")]
    [TestCase("socket", "bind: No such file or directory", "#!define KAMRPC_SOCKET \"{folder}/none/x.sock\"")]
    [TestCase("socket", "Is a directory", "#!define KAMRPC_SOCKET \"{folder}\"")]
    [TestCase("socket", "Can't create FIFO", "#!define KAMRPC_FIFO \"{folder}/none/x.fifo\"")]
    [TestCase("socket", "Directory stat for MI Fifo reply failed", "#!define KAMRPC_FIFO_REPLY_DIR \"{folder}/none/\"")]
    [TestCase("socket", "Cannot assign requested address", "#!define KAMRPC_SOCKET \"udp:203.0.113.77:8090\"")]
    [TestCase("defines", "fixing failed", "#!define KAMRPC_FAILOVER_CODES \"5[\"")]
    [TestCase("socket", "nosuchuser", "#!define KAMRPC_SOCKET_USER \"nosuchuser\"")]
    [TestCase("algorithm", "fixing failed", "#!define KAMRPC_ALG \"abc\"")]
    [TestCase("defines", "fixing failed", "#!define KAMRPC_MAX_TRIES \"abc\"")]
    [TestCase("missing-route", "route \"NOPE\" not found", "#!define KAMRPC_FAILURE_ROUTE \"NOPE\"")]
    public async Task What_does_not_start_is_told_before(string check, string reason, params string[] lines)
    {
        RealServers.Require("kamailio");
        var (folder, config, listen) = await WriteAsync(lines);
        Assert.That((await KamailioProgram.CheckAsync(config, listen)).ExitCode, Is.Zero, "kamailio -c");
        Assert.That(await StartAsync(folder, config, listen), Does.Contain(reason), "what Kamailio ends with");
        var report = SnippetCheckup.Run(config, [], user: "root");
        Assert.That(report.Findings.Select(static finding => finding.Check), Has.Some.EqualTo(check), string.Join('\n', report.Findings));
        Assert.That(report.IsFine, Is.False);
    }

    [Test]
    public async Task What_is_armed_and_not_there_starts_and_is_told()
    {
        RealServers.Require("kamailio");
        await using var kamailio = await KamailioServer.StartAsync(new KamailioOptions { ExtraConfig = "#!define KAMRPC_BRANCH_ROUTE \"NOPE\"" });
        Assert.That(kamailio.Output, Does.Contain("t_on_branch(\"NOPE\"): empty/non existing route"));

        var (_, config, _) = await WriteAsync(["#!define KAMRPC_BRANCH_ROUTE \"NOPE\""]);
        var finding = SnippetCheckup.Run(config, [], user: "root").Findings.Single();
        Assert.That((finding.Check, finding.Severity), Is.EqualTo(("missing-route", Severity.Warning)));
        Assert.That(finding.Text, Does.EndWith("Kamailio starts, and leaves out what it is to do"));
    }

    /// <summary>A folder with the project's config, and lines above its include.</summary>
    private async Task<(string Folder, string Config, string Listen)> WriteAsync(IReadOnlyList<string> lines)
    {
        var folder = Directory.CreateDirectory(_folder.File(TestContext.CurrentContext.Test.ID)).FullName;
        foreach (var file in Files)
        {
            File.Copy(Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg", file), Path.Combine(folder, file));
        }

        // The test's own first, and the others only where it has none: a define counts that is there before.
        string[] usual = [$"#!trydef KAMRPC_SOCKET \"{folder}/r.sock\"", $"#!trydef KAMRPC_FIFO \"{folder}/r.fifo\"", $"#!trydef KAMRPC_LIST_FILE \"{folder}/kamrpc-dispatcher.list\""];
        var config = Path.Combine(folder, Files[0]);
        var text = await File.ReadAllTextAsync(config);
        await File.WriteAllTextAsync(config, text.Replace(Include, string.Join('\n', [.. lines.Select(line => line.Replace("{folder}", folder, StringComparison.Ordinal)), .. usual, Include]), StringComparison.Ordinal));
        return (folder, config, $"KAMRPC_LISTEN=udp:127.0.0.1:{RealServers.FreeUdpPort()}");
    }

    /// <returns>What it wrote before it ended by itself.</returns>
    private static async Task<string> StartAsync(string folder, string config, string listen)
    {
        var (program, arguments) = KamailioProgram.With(["-f", config, "-DD", "-E", "-m", "32", "-M", "4", "-Y", Path.Combine(folder, "run"), "-P", Path.Combine(folder, "pid"), "-A", listen]);
        using var kamailio = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        try
        {
            var output = kamailio.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = kamailio.StandardError.ReadToEndAsync(deadline.Token);
            await kamailio.WaitForExitAsync(deadline.Token);
            return await output + await errors;
        }
        catch (OperationCanceledException)
        {
            kamailio.Kill(entireProcessTree: true);
            throw;
        }
    }
}
