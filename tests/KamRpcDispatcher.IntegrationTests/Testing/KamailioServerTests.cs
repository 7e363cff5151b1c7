using System.Diagnostics;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Testing;

public sealed class KamailioServerTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [SetUp]
    public void Require() => RealServers.Require("kamailio");

    [Test]
    public async Task It_lists_its_file_and_what_was_added()
    {
        // So late that no ping finds them dead; without any, 6.1 would show X instead of P.
        await using var kamailio = await KamailioServer.StartAsync(KamailioOptions.WithLatePings with { ListFileLines = ["9 sip:127.0.0.1:9001 8 3 duid=f"] });

        await kamailio.CallAsync("dispatcher.add", 1, "sip:127.0.0.1:7001", 9);

        Assert.That(await kamailio.ListAsync(), Is.EquivalentTo(new[]
        {
            new FakeDestination(9, "sip:127.0.0.1:9001", "AP", 3, "duid=f"),
            new FakeDestination(1, "sip:127.0.0.1:7001", "IP", 0, null),
        }));
        Assert.That((await kamailio.SharedMemoryAsync()).Used, Is.Positive);
    }

    /// <summary>That of the folder, where the environment names one: else a run against several releases would prove nothing.</summary>
    [Test]
    [Category("Matrix")]
    public async Task It_is_the_release_that_was_asked_for()
    {
        var root = Environment.GetEnvironmentVariable(KamailioProgram.RootVariable);
        var (program, arguments) = string.IsNullOrEmpty(root) ? KamailioProgram.With("-v") : ("chroot", [root, "/usr/sbin/kamailio", "-v"]);
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var version = (await process.StandardOutput.ReadToEndAsync()).Split(' ')[2]; // "version: kamailio 5.6.3 (x86_64/linux) ..."
        await using var kamailio = await KamailioServer.StartAsync();

        Assert.That((await kamailio.CallAsync("core.version")).GetString(), Does.StartWith($"kamailio {version} "));
    }

    [Test]
    public async Task After_a_kill_nothing_of_it_is_left_and_it_comes_back_empty_on_the_same_paths()
    {
        await using var kamailio = await KamailioServer.StartAsync();
        await kamailio.CallAsync("dispatcher.add", 1, "sip:127.0.0.1:7001", 9);
        var (group, firstSocket) = (kamailio.Pid, kamailio.SocketCreatedTimestamp);
        Assert.That(ProcessesOf(group), Has.Count.GreaterThan(3));

        kamailio.Kill();
        await kamailio.Exited.WaitAsync(Soon);
        Assert.That(File.Exists(kamailio.SocketPath), "A killed Kamailio leaves the socket's file");

        await kamailio.StartAgainAsync();
        Assert.That(ProcessesOf(group), Is.Empty);
        Assert.That(kamailio.SocketCreatedTimestamp, Is.InRange(firstSocket + 1, Stopwatch.GetTimestamp()));
        Assert.That(await kamailio.ListAsync(), Is.Empty);
    }

    [Test]
    public async Task A_stop_takes_the_socket_away()
    {
        await using var kamailio = await KamailioServer.StartAsync();

        await kamailio.StopAsync();

        Assert.That(File.Exists(kamailio.SocketPath), Is.False);
        Assert.That(ProcessesOf(kamailio.Pid), Is.Empty);
    }

    [Test]
    public async Task Paused_it_does_not_answer_until_it_is_resumed()
    {
        await using var kamailio = await KamailioServer.StartAsync();
        using var client = new DatagramClient(kamailio.SocketPath) { Timeout = TimeSpan.FromMilliseconds(300) };
        kamailio.Pause();
        Assert.That(() => client.CallAsync("core.echo"), Throws.InstanceOf<TimeoutException>());

        kamailio.Resume();

        await kamailio.CallAsync("core.echo");
    }

    [Test]
    public async Task A_crash_of_a_worker_is_told()
    {
        await using var kamailio = await KamailioServer.StartAsync();
        Assert.That(kamailio.CrashedBySignal, Is.Null);
        var worker = (await kamailio.CallAsync("core.psx")).EnumerateArray()
            .First(process => process.GetProperty("DSC").GetString()!.StartsWith("udp receiver", StringComparison.Ordinal)).GetProperty("PID").GetInt32();

        using (var kill = Process.Start("kill", ["-SEGV", $"{worker}"]))
        {
            await kill.WaitForExitAsync();
        }

        await kamailio.Exited.WaitAsync(Soon);
        for (var begun = Stopwatch.GetTimestamp(); kamailio.CrashedBySignal is null && Stopwatch.GetElapsedTime(begun) < Soon;)
        {
            // Its last lines may be on their way still.
            await Task.Delay(10);
        }

        Assert.That(kamailio.CrashedBySignal, Is.Not.Null.And.Contains($"{worker}").And.Contains("signal 11"));
    }

    [Test]
    public void A_config_that_is_wrong_is_shown_with_what_Kamailio_says() =>
        Assert.That(() => KamailioServer.StartAsync(new KamailioOptions { FinalConfig = "nonsense nonsense" }),
            Throws.InvalidOperationException.With.Message.Contains("parse error"));

    /// <summary>The live processes of a group.</summary>
    private static List<int> ProcessesOf(int group) =>
    [
        .. from folder in Directory.EnumerateDirectories("/proc")
           where int.TryParse(Path.GetFileName(folder), out _)
           let fields = Stat(folder)
           where fields.Length > 2 && fields[0] != "Z" && fields[2] == $"{group}"
           select int.Parse(Path.GetFileName(folder)),
    ];

    /// <summary>State, parent, group and so on: what follows the name in parentheses.</summary>
    private static string[] Stat(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "stat")).Split(") ")[^1].Split(' ');
        }
        catch (IOException)
        {
            return []; // It ended meanwhile.
        }
    }
}
