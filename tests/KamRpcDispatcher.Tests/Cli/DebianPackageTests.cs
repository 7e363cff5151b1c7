using System.CommandLine;
using System.CommandLine.Help;
using System.Diagnostics;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What of the Debian package is made from the program itself.</summary>
public sealed class DebianPackageTests : IDisposable
{
    private static readonly string Packaging = Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher.Cli", "Packaging", "debian");

    private readonly TemporaryFolder _tree = new();

    private static IEnumerable<string> Commands => new CommandLine().Root.Subcommands.Select(static command => command.Name);

    [OneTimeSetUp]
    public async Task MakeAsync()
    {
        Directory.CreateDirectory(_tree.File("debian"));
        foreach (var unit in Directory.GetFiles(Path.Combine(RealServers.RepositoryRoot, "samples", "systemd"), "*.service"))
        {
            File.Copy(unit, _tree.File(Path.GetFileName(unit)));
        }

        // As the program is called when it is installed.
        var program = _tree.File("kamrpc");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\nexec '{Environment.ProcessPath}' '{Path.Combine(AppContext.BaseDirectory, "kamrpc.dll")}' \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var (exitCode, output) = await RunAsync("bash", Path.Combine(Packaging, "generate.sh"), _tree.Path, program);
        Assert.That((exitCode, output), Is.EqualTo((0, string.Empty)));
    }

    [OneTimeTearDown]
    public void Dispose() => _tree.Dispose();

    [TestCaseSource(nameof(Commands))]
    public void A_page_has_every_option_of_its_command(string command)
    {
        var page = File.ReadAllText(_tree.File($"man/kamrpc-{command}.1"));
        Assert.That(page, Does.StartWith($".TH KAMRPC\\-{command.ToUpperInvariant()} 1 ").And.Contain(".SH EXIT CODES\n").And.Match("\n.SH EXAMPLES\n.RS\n.nf\n.*kamrpc ").And.Not.Contain(" \n"));
        foreach (var option in OptionsOf(command))
        {
            Assert.That(page, Does.Match($@"\n\.TP\n\\fB(\S+, )?{option.Name.Replace("-", @"\\-", StringComparison.Ordinal)}\\fR\n[A-Za-z]"));
        }
    }

    [Test]
    public void The_first_page_has_every_command() =>
        Assert.That(Commands, Has.All.Matches<string>(command => File.ReadAllText(_tree.File("man/kamrpc.1")).Contains($".TP\n\\fB{command}\\fR\n", StringComparison.Ordinal)));

    [Test]
    public async Task Man_can_read_every_page()
    {
        RealServers.Require("groff");
        foreach (var page in Directory.GetFiles(_tree.File("man")))
        {
            var (exitCode, output) = await RunAsync("groff", "-man", "-Tutf8", "-ww", "-z", page);
            Assert.That((exitCode, output), Is.EqualTo((0, string.Empty)), page);
        }
    }

    [TestCase("announce")]
    [TestCase("dispatch")]
    public void A_file_of_variables_has_every_option_and_sets_none(string command)
    {
        var lines = File.ReadAllLines(_tree.File($"{command}.env"));
        var variables = lines.Where(static line => line.StartsWith("#KAMRPC_", StringComparison.Ordinal)).Select(static line => line[1..].Split('=')[0]).ToList();
        string[] answers = ["--once", "--dry-run", "--output"];
        Assert.That(variables, Is.EquivalentTo(OptionsOf(command).Where(option => !answers.Contains(option.Name)).Select(OptionReader.Variable)));
        Assert.That(lines, Has.All.Matches<string>(static line => line!.Length == 0 || line[0] == '#'));
        Assert.That(lines, Has.Some.EqualTo("#KAMRPC_ETCD=http://127.0.0.1:2379"));
    }

    [TestCase("kamrpc-announce.service", "asterisk.service", "announce.env")]
    [TestCase("kamrpc-dispatch.service", "kamailio.service", "dispatch.env")]
    [TestCase("kamrpc-dispatch@.service", "kamailio@%i.service", "dispatch-%i.env")]
    public void A_unit_starts_the_program_where_the_package_has_it(string unit, string other, string variables)
    {
        var text = File.ReadAllText(_tree.File($"debian/kamrpc.{unit}"));
        Assert.That(text, Does.StartWith("[Unit]\n").And.Contain("\nExecStart=/usr/bin/kamrpc ").And.Contain($"\nAfter={other} ").And.Contain($"\nEnvironmentFile=-/etc/kamrpc/{variables}\n").And.Not.Contain("/opt"));
    }

    [TestCase("kamrpc-announce.service")]
    [TestCase("kamrpc-dispatch.service")]
    [TestCase("kamrpc-dispatch@.service")]
    public Task Systemd_finds_a_unit_well_fenced(string unit)
    {
        var path = _tree.File(unit);
        File.Copy(_tree.File($"debian/kamrpc.{unit}"), path, overwrite: true);
        return SystemdUnitTests.AssertFencedAsync(path);
    }

    private static IEnumerable<Option> OptionsOf(string command) =>
        new CommandLine().Root.Subcommands.Single(known => known.Name == command).Options.Where(static option => option is not HelpOption && !option.Hidden);

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output + await errors);
    }
}
