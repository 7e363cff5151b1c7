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
        var start = new ProcessStartInfo("systemd-analyze", ["verify", folder.File(unit)]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SYSTEMD_UNIT_PATH"] = folder.Path + ":";
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.That((await output, await errors, process.ExitCode), Is.EqualTo((string.Empty, string.Empty, 0)));
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

    private static string[] Lines(string unit) => Unit(unit).Split('\n');

    private static string Unit(string unit) => File.ReadAllText(Path.Combine(Samples, unit));
}
