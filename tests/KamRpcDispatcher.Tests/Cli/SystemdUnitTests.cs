using System.Diagnostics;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>The samples for systemd, as systemd reads them.</summary>
public class SystemdUnitTests
{
    private static readonly string Samples = Path.Combine(RealServers.RepositoryRoot, "samples", "systemd");

    [TestCase("kamrpc-announce.service", "asterisk.service")]
    [TestCase("kamrpc-dispatch.service", "kamailio.service")]
    public async Task Systemd_finds_nothing_wrong_with_a_unit(string unit, string other)
    {
        RealServers.Require("systemd-analyze");
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(unit), Unit(unit).Replace("/opt/kamrpc/kamrpc ", "/bin/true ", StringComparison.Ordinal));
        File.WriteAllText(folder.File(other), "[Service]\nExecStart=/bin/true\n");

        // Of a value that it cannot read it only speaks.
        Assert.That(await AnalyzeAsync(folder, "verify", folder.File(unit)), Is.EqualTo((string.Empty, string.Empty, 0)));
    }

    /// <summary>What systemd itself thinks of the fences around a service: from 10, none, to 0. It takes no running systemd.</summary>
    [TestCase("kamrpc-announce.service")]
    [TestCase("kamrpc-dispatch.service")]
    public async Task Systemd_finds_a_unit_well_fenced(string unit) => await AssertFencedAsync(Path.Combine(Samples, unit));

    /// <summary>A command of --probe or --idle is run by announce: it has no right that the service has not.</summary>
    [TestCase("kamrpc-announce.service")]
    [TestCase("kamrpc-dispatch.service")]
    public void No_call_that_takes_a_right_is_let_through_and_none_ends_the_service(string unit) =>
        Assert.That(Lines(unit), Has.Some.EqualTo("SystemCallFilter=~@privileged").And.Some.EqualTo("SystemCallErrorNumber=EPERM").And.Some.EqualTo("CapabilityBoundingSet="));

    /// <summary>Fails where the exposure of a unit is 2.5 or more.</summary>
    internal static async Task AssertFencedAsync(string path)
    {
        RealServers.Require("systemd-analyze");
        using var folder = new TemporaryFolder();
        var (output, errors, exitCode) = await AnalyzeAsync(folder, "security", "--offline=true", "--no-pager", "--threshold=24", path);
        Assert.That((errors, exitCode), Is.EqualTo((string.Empty, 0)), output);
        Assert.That(output, Does.Contain("Overall exposure level for "));
    }

    [TestCase("Type=notify")]
    [TestCase("User=kamailio")]
    [TestCase("WatchdogSec=")]
    [TestCase("RuntimeDirectory=%N")]
    [TestCase("StateDirectory=kamrpc")]
    [TestCase("RestartPreventExitStatus=2 4")]
    [TestCase("EnvironmentFile=-/etc/kamrpc/dispatch.env")]
    public void The_dispatcher_has_what_it_needs(string line) => Assert.That(Lines("kamrpc-dispatch.service"), Has.Some.StartsWith(line));

    [TestCase("PrivateTmp")]
    [TestCase("ProtectProc")]
    [TestCase("ProcSubset")]
    [TestCase("PrivateUsers")]
    [TestCase("DynamicUser")]
    public void Nothing_hides_Kamailio_from_the_dispatcher(string setting) =>
        Assert.That(Lines("kamrpc-dispatch.service"), Has.None.StartsWith(setting + "="));

    [Test]
    public void The_dispatcher_starts_after_Kamailio_and_is_bound_to_nothing()
    {
        var lines = Lines("kamrpc-dispatch.service");
        Assert.That(lines.Single(static line => line.StartsWith("After=", StringComparison.Ordinal)), Does.Contain("kamailio.service"));
        foreach (var bond in new[] { "Requires=", "BindsTo=", "PartOf=", "Requisite=", "PropagatesStopTo=" })
        {
            Assert.That(lines, Has.None.StartsWith(bond));
        }
    }

    [TestCase("kamrpc-announce.service", "announce")]
    [TestCase("kamrpc-dispatch.service", "dispatch")]
    public void A_unit_starts_its_command_with_its_environment_file_which_may_be_missing(string unit, string command)
    {
        Assert.That(Lines(unit), Has.Some.EqualTo($"ExecStart=/opt/kamrpc/kamrpc {command}").And.Some.EqualTo($"EnvironmentFile=-/etc/kamrpc/{command}.env"));
        Assert.That(Path.Combine(Samples, command + ".env"), Does.Exist);
    }

    /// <param name="folder">Where it looks for units first.</param>
    /// <param name="arguments">Of systemd-analyze.</param>
    private static async Task<(string Output, string Errors, int ExitCode)> AnalyzeAsync(TemporaryFolder folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("systemd-analyze", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SYSTEMD_UNIT_PATH"] = folder.Path + ":";
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (await output, await errors, process.ExitCode);
    }

    private static string[] Lines(string unit) => Unit(unit).Split('\n');

    private static string Unit(string unit) => File.ReadAllText(Path.Combine(Samples, unit));
}
