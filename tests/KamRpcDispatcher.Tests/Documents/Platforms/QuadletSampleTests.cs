using System.Diagnostics;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents.Platforms;

/// <summary>samples/quadlet.</summary>
internal sealed class QuadletSampleTests
{
    /// <summary>Environment variable with a folder that has a Debian with podman: Quadlets came with 4.4, and Debian 12 has 4.3.</summary>
    private const string RootVariable = "KAMRPC_TEST_PODMAN_ROOT";

    [TestCase("kamrpc-dispatch.container")]
    [TestCase("kamrpc-announce.container")]
    public void Kamrpc_takes_its_command_line(string file) => SampleSite.AssertUnderstood(Value(file, "Exec").Split(' '));

    [Test]
    public void The_announcer_has_the_time_to_leave_and_Asterisk_waits_for_it()
    {
        const string File = "kamrpc-announce.container";
        var podman = Value(File, "PodmanArgs").Split("--stop-timeout=")[1] + "s";

        Assert.That(SampleSite.Seconds(podman), Is.GreaterThan(SampleSite.LeavingTime(Value(File, "Exec").Split(' '))));
        Assert.That(SampleSite.Seconds(Value(File, "TimeoutStopSec") + "s"), Is.GreaterThan(SampleSite.Seconds(podman)));
        Assert.That((Value(File, "BindsTo"), Value(File, "WantedBy")), Is.EqualTo(("asterisk.service", "asterisk.service")));
        Assert.That(Value(File, "After").Split(' '), Has.Member("asterisk.service"));
        Assert.That(Value(File, "PodmanArgs"), Does.Contain("--no-healthcheck"), "the image's is a dispatcher's");
    }

    [TestCase("User")]
    [TestCase("Group")]
    [TestCase("PodmanArgs")]
    public void The_dispatcher_has_in_common_with_Kamailio_what_it_needs(string key)
    {
        Assert.That(Value("kamrpc-dispatch.container", key), Is.EqualTo(Value("kamailio.container", key)));
        Assert.That(Lines("kamrpc-dispatch.container").Intersect(Lines("kamailio.container")), Has.Member("Volume=kamailio-run.volume:/run/kamailio").And.Member("PodmanArgs=--pid=host"));
        Assert.That(Value("kamrpc-dispatch.container", "RestartPreventExitStatus"), Is.EqualTo("2 4"));
    }

    /// <summary>podman's own generator makes units of them, and knows each key.</summary>
    [Test]
    [Category("Samples")]
    public async Task Podman_makes_units_of_them_that_systemd_takes()
    {
        RealServers.Require("chroot", "systemd-analyze");
        var root = Environment.GetEnvironmentVariable(RootVariable);
        Assert.That(root, Is.Not.Null.And.Not.Empty, $"{RootVariable}: a folder with podman (tests/run.sh --samples makes one)");
        var (exitCode, output, errors) = await RunAsync("chroot", [root!, "/usr/bin/env", "QUADLET_UNIT_DIRS=/quadlet", "/usr/libexec/podman/quadlet", "-dryrun", "-no-kmsg-log"], folder: Path.Combine(root!, "quadlet"));
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Not.Contain("unsupported key").And.Not.Contain("rror"), errors);

        using var units = new TemporaryFolder();
        var made = output.Split("---", StringSplitOptions.RemoveEmptyEntries).Select(static part => part.Trim('\n')).ToList();
        for (var at = 0; at + 1 < made.Count; at += 2)
        {
            await File.WriteAllTextAsync(units.File(made[at]), made[at + 1].Replace("=/usr/bin/podman ", "=/bin/true ", StringComparison.Ordinal) + "\n");
        }

        await File.WriteAllTextAsync(units.File("asterisk.service"), "[Service]\nExecStart=/bin/true\n");
        string[] names = ["kamailio.service", "kamrpc-dispatch.service", "kamrpc-announce.service", "etcd.service", "kamailio-run-volume.service", "kamrpc-state-volume.service", "etcd-network.service"];
        Assert.That(names.Where(name => !File.Exists(units.File(name))), Is.Empty, output);
        Assert.That(await File.ReadAllTextAsync(units.File("kamrpc-dispatch.service")), Does.Contain("--pid=host").And.Contain("kamailio-run:/run/kamailio"));
        await VerifyAsync(units, names);
    }

    /// <summary>Fails where systemd finds something wrong with units of a folder.</summary>
    internal static async Task VerifyAsync(TemporaryFolder units, IEnumerable<string> names)
    {
        RealServers.Require("systemd-analyze");
        var (exitCode, output, errors) = await RunAsync("systemd-analyze", ["verify", .. names.Select(units.File)], unitPath: units.Path + ":");
        Assert.That((exitCode, output, errors), Is.EqualTo((0, string.Empty, string.Empty)));
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, string[] arguments, string? folder = null, string unitPath = "")
    {
        try
        {
            if (folder is not null)
            {
                Directory.CreateDirectory(folder);
                foreach (var file in Directory.GetFiles(SampleSite.PathOf("quadlet")))
                {
                    File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
                }
            }

            var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["SYSTEMD_UNIT_PATH"] = unitPath;
            using var process = Process.Start(start)!;
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (folder is not null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static string Value(string file, string key) => Lines(file).Single(line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];

    private static string[] Lines(string file) => File.ReadAllLines(SampleSite.PathOf("quadlet/" + file));
}
