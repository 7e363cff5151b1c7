using System.Diagnostics;
using System.Text;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary><c>kamrpc status --watch</c>, on a terminal and elsewhere, while etcd goes and comes back.</summary>
[Parallelizable]
public sealed class StatusWatchTests
{
    private const string Member = "/kamrpc/default/members/1/box";
    private const string Ready = """{"uri":"sip:10.0.0.1"}""";

    private EtcdServer _etcd = null!;

    [SetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl");
        _etcd = await EtcdServer.StartAsync();
        await ReportAsync(await _etcd.PutAsync(Member, Ready), serving: 1);
    }

    [TearDown]
    public async Task StopEtcd() => await (_etcd?.DisposeAsync() ?? default);

    [Test]
    public async Task On_a_terminal_the_screen_is_drawn_over_outages_are_said_and_Ctrl_C_gives_the_terminal_back()
    {
        RealServers.Require("script");
        var command = $"stty cols 80 rows 30; exec {string.Join(' ', KamrpcProgram.Command.Select(static word => $"'{word}'"))} status --watch --etcd {_etcd.Endpoint}";

        // Who is started in the background of a shell without job control ignores SIGINT, and so does all that follows.
        var start = new ProcessStartInfo("env", ["--default-signal=HUP,INT,QUIT", "script", "-qefc", command, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["TERM"] = "xterm";
        start.Environment.Remove("NO_COLOR");
        using var watch = Process.Start(start)!;
        using var screen = new Screen(watch);
        try
        {
            await screen.WaitForAsync("SET 1: 1 of 1 gets calls");
            await ReportAsync(await _etcd.PutAsync(Member, """{"uri":"sip:10.0.0.1","state":"draining","reason":"kernel update"}"""), serving: 0);
            await screen.WaitForAsync("LAST CHANGES");
            await screen.WaitForAsync("NO CALLS, draining, static (kernel update)");

            await _etcd.StopAsync();
            await screen.WaitForAsync("NOTHING SEEN since");
            await _etcd.StartAgainAsync();
            await screen.WaitForAsync("etcd answers again, after");

            await watch.StandardInput.WriteAsync('\u0003');
            await watch.StandardInput.FlushAsync();
            using var deadline = new CancellationTokenSource(Fleet.Deadline);
            await watch.WaitForExitAsync(deadline.Token);
        }
        finally
        {
            if (!watch.HasExited)
            {
                watch.Kill(entireProcessTree: true);
            }
        }

        var all = await screen.EndAsync();
        Assert.That(watch.ExitCode, Is.Zero, all);
        Assert.That(all, Does.Contain("\u001b[?1049h\u001b[?25l"), "the other screen, without a cursor");
        Assert.That(all.LastIndexOf("\u001b[?25h\u001b[?1049l", StringComparison.Ordinal), Is.GreaterThan(all.LastIndexOf("\u001b[H", StringComparison.Ordinal)), "both are back after the last frame");
        Assert.That(all.Split("\u001b[2J"), Has.Length.EqualTo(2), "wiped once, and drawn over from then on");
        Assert.That(all.Replace("\r", string.Empty, StringComparison.Ordinal)[all.Replace("\r", string.Empty, StringComparison.Ordinal).LastIndexOf("\u001b[?1049l", StringComparison.Ordinal)..], Does.Contain("SET 1: "), "what was seen last stays readable");
    }

    [Test]
    public async Task Elsewhere_each_change_is_a_line_and_a_report_that_is_not_written_any_more_is_one()
    {
        await using var watch = Start();
        await watch.WaitForLineAsync("In step.", Fleet.Deadline);
        await ReportAsync(await _etcd.PutAsync(Member, """{"uri":"sip:10.0.0.1","state":"down"}"""), serving: 0);
        await watch.WaitForLineAsync("set 1: box: NO CALLS, down", Fleet.Deadline);
        await watch.WaitForLineAsync("proxy p1: its report is not written any more", Fleet.Deadline);
        await _etcd.StopAsync();
        await watch.WaitForLineAsync("nothing is seen from now on: etcd at", Fleet.Deadline);
        await _etcd.StartAgainAsync();
        await watch.WaitForLineAsync("etcd answers again", Fleet.Deadline);

        watch.Signal(UnixSignals.Interrupt);
        Assert.That(await watch.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(watch.Output, Does.Not.Contain("\u001b"));
    }

    [Test]
    public async Task Programs_get_a_line_of_JSON_for_each_change_and_etcd_may_come_later()
    {
        await _etcd.StopAsync();
        await using var watch = Start("-o", "json");
        await watch.WaitForLineAsync("nothing is seen from now on", Fleet.Deadline);
        await _etcd.StartAgainAsync();
        await watch.WaitForLineAsync("\"calls\":\"all\"", Fleet.Deadline);
        await ReportAsync(await _etcd.PutAsync(Member, """{"uri":"sip:10.0.0.1","state":"down"}"""), serving: 0);
        var last = await watch.WaitForLineAsync("\"calls\":\"none\"", Fleet.Deadline);

        Assert.That(JsonElement.Parse(last).GetProperty("sets")[0].GetProperty("getCalls").GetInt32(), Is.Zero);
        watch.Signal(UnixSignals.Terminate);
        Assert.That(await watch.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
    }

    private ServerProcess Start(params string[] options) =>
        ServerProcess.Start(KamrpcProgram.File, [.. KamrpcProgram.Prefix, "status", "--watch", .. options, "--etcd", _etcd.Endpoint]);

    private Task<long> ReportAsync(long revision, int serving) => _etcd.PutAsync(
        "/kamrpc/default/proxies/p1",
        $$$"""
        {"revision":{{{revision}}},"silenced":{{{revision}}},"version":"0.1.0","writtenAt":"{{{DateTimeOffset.UtcNow:O}}}","contact":{"answers":true,"since":"2026-01-31T12:00:00Z"},
        "appliedAt":"{{{DateTimeOffset.UtcNow:O}}}","kamailio":"5.6","drift":0,"sets":{"1":{"destinations":1,"routable":{{{serving}}},"wanted":{{{serving}}},"serving":{{{serving}}} } } }
        """);

    /// <summary>What came out so far.</summary>
    private sealed class Screen : IDisposable
    {
        private readonly StringBuilder _text = new();
        private readonly SemaphoreSlim _more = new(0);
        private readonly Task _reading;

        public Screen(Process process) => _reading = ReadAsync(process.StandardOutput);

        public async Task WaitForAsync(string part)
        {
            for (var begun = Stopwatch.GetTimestamp(); !Text.Contains(part, StringComparison.Ordinal);)
            {
                Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), $"no \"{part}\" in:\n{Text}");
                await _more.WaitAsync(TimeSpan.FromSeconds(1));
            }
        }

        public void Dispose() => _more.Dispose();

        public async Task<string> EndAsync()
        {
            await _reading.WaitAsync(Fleet.Deadline);
            return Text;
        }

        private string Text
        {
            get
            {
                lock (_text)
                {
                    return _text.ToString();
                }
            }
        }

        private async Task ReadAsync(StreamReader reader)
        {
            var buffer = new char[4096];
            while (await reader.ReadAsync(buffer) is var count and > 0)
            {
                lock (_text)
                {
                    _text.Append(buffer, 0, count);
                }

                _more.Release();
            }
        }
    }
}
