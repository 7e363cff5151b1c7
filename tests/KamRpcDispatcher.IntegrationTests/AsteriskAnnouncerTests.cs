using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>The whole way from a real Asterisk to the calls that Kamailio sends it.</summary>
[Category("Asterisk")]
public sealed partial class AsteriskAnnouncerTests
{
    /// <summary>How soon no new call may reach a box that is dead.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(2.5);

    private readonly List<AsteriskServer> _boxes = [];
    private Fleet _fleet = null!;

    [SetUp]
    public async Task StartFleet()
    {
        AsteriskProgram.Require();
        _fleet = await Fleet.StartAsync(new KamailioOptions());
    }

    [TearDown]
    public async Task StopEverything()
    {
        await (_fleet?.DisposeAsync() ?? default);
        foreach (var box in _boxes)
        {
            await box.DisposeAsync();
        }

        _boxes.Clear();
    }

    [TestCase(false, "", TestName = "A_box_that_freezes_gets_no_more_calls")]
    [TestCase(true, "", TestName = "A_box_that_is_killed_gets_no_more_calls")]
    [TestCase(true, "ami", TestName = "A_box_that_is_killed_and_was_asked_over_AMI_gets_no_more_calls")]
    [TestCase(false, "tcp", TestName = "A_box_that_freezes_and_was_asked_over_TCP_gets_no_more_calls")]
    [TestCase(true, "tls", TestName = "A_box_that_is_killed_and_was_asked_over_TLS_gets_no_more_calls")]
    public async Task Death(bool isKilled, string way)
    {
        await StartBoxesAsync(2, box => way switch
        {
            "ami" => Ami(box),
            "tcp" => ["--probe-uri", box.TcpUri],
            "tls" => ["--probe-uri", box.TlsUri],
            _ => [],
        });
        var (dead, alive) = (_boxes[0], _boxes[1]);
        await using var load = SipLoad.Start(_fleet.Kamailio.Sip, calls: 400, perSecond: 20, TimeSpan.FromMilliseconds(200));
        await CallsAsync(dead, static calls => calls.Processed > 5);

        var died = Stopwatch.GetTimestamp();
        if (isKilled)
        {
            dead.Kill();
        }
        else
        {
            dead.Pause();
        }

        var disabled = await _fleet.WaitForListAsync(list => !Fleet.IsEnabled(list, dead.Uri));
        await load.FinishAsync();

        var time = Stopwatch.GetElapsedTime(died, disabled);
        await TestContext.Out.WriteLineAsync($"disabled after {time.TotalMilliseconds:0} ms");
        Assert.That(time, Is.LessThan(Noticed));
        var before = (await CallsAsync(alive)).Processed;
        var later = await SipLoad.RunAsync(_fleet.Kamailio.Sip, calls: 40, perSecond: 20, TimeSpan.FromMilliseconds(200));
        Assert.That(later.ToString(), Is.EqualTo("40 successful, 0 failed (), 0 retransmissions"), later.Errors);
        Assert.That((await CallsAsync(alive)).Processed - before, Is.EqualTo(40));

        if (isKilled)
        {
            await dead.StartAgainAsync();
        }
        else
        {
            dead.Resume();
        }

        await _fleet.WaitForListAsync(list => Fleet.IsEnabled(list, dead.Uri));
    }

    [TestCase("core stop gracefully", false)]
    [TestCase("core stop gracefully", true)]
    [TestCase("core restart gracefully", false)]
    public async Task A_box_that_ends_gracefully_with_a_call_up_fails_none(string command, bool isAskedOverAmi)
    {
        await StartBoxesAsync(3, box => isAskedOverAmi ? Ami(box) : []);
        await using var longCall = SipLoad.Start(_boxes[0].Sip, calls: 1, perSecond: 1, TimeSpan.FromSeconds(8));
        await CallsAsync(_boxes[0], static calls => calls.Active == 1);
        await using var load = SipLoad.Start(_fleet.Kamailio.Sip, calls: 1000, perSecond: 50, TimeSpan.FromSeconds(1));
        await CallsAsync(_boxes[0], static calls => calls.Active > 5);

        var asked = Stopwatch.GetTimestamp();
        _boxes[0].Begin(command);
        var disabled = await _fleet.WaitForListAsync(list => !Fleet.IsEnabled(list, _boxes[0].Uri));
        Assert.That(await _fleet.Etcd.GetAsync("/kamrpc/default/members/1/box-0"), Does.Contain("\"state\":\"draining\""));
        Assert.That((await longCall.EndAsync()).ToString(), Is.EqualTo("1 successful, 0 failed (), 0 retransmissions"));
        if (command.Contains("restart", StringComparison.Ordinal))
        {
            await _fleet.WaitForListAsync(list => Fleet.IsEnabled(list, _boxes[0].Uri));
        }
        else
        {
            await _boxes[0].Gone.WaitAsync(Fleet.Deadline);
            await MemberAsync("\"state\":\"down\"");
            await _boxes[0].StartAgainAsync();
            await _fleet.WaitForListAsync(list => Fleet.IsEnabled(list, _boxes[0].Uri));
        }

        var result = await load.FinishAsync();
        await TestContext.Out.WriteLineAsync($"out of rotation after {Stopwatch.GetElapsedTime(asked, disabled).TotalMilliseconds:0} ms; {result}");
        Assert.That(result.Failed, Is.Zero, result.Errors);
        Assert.That(result.Successful, Is.GreaterThan(300));
        Assert.That(_fleet.Kamailio.CrashedBySignal, Is.Null);
    }

    [Test]
    public async Task An_announcer_that_is_stopped_waits_for_Asterisks_calls()
    {
        var announcers = await StartBoxesAsync(2, Ami);
        await using var load = SipLoad.Start(_fleet.Kamailio.Sip, calls: 400, perSecond: 20, TimeSpan.FromSeconds(3));
        await CallsAsync(_boxes[0], static calls => calls.Active > 5);

        announcers[0].Signal(UnixSignals.Terminate);
        await announcers[0].WaitForLineAsync("Every live proxy (1) has stopped sending calls", Fleet.Deadline);
        Assert.That(Fleet.IsEnabled(await _fleet.Kamailio.ListAsync(), _boxes[0].Uri), Is.False, "that is what it acknowledged");
        await announcers[0].WaitForLineAsync("Waiting for the calls that are up", Fleet.Deadline);

        Assert.That(await announcers[0].Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(announcers[0].Output, Does.Contain("No calls are up any more (0 calls)"));
        Assert.That((await CallsAsync(_boxes[0])).Active, Is.Zero);
        Assert.That(await _fleet.Etcd.GetAsync("/kamrpc/default/members/1/box-0"), Is.Null);
        var result = await load.FinishAsync();
        Assert.That(result.Failed, Is.Zero, result.Errors);
    }

    [Test]
    public async Task A_graceful_stop_that_is_aborted_brings_the_box_back()
    {
        await StartBoxesAsync(2, Ami);
        await using var call = SipLoad.Start(_boxes[0].Sip, calls: 1, perSecond: 1, TimeSpan.FromSeconds(60));
        await CallsAsync(_boxes[0], static calls => calls.Active == 1);

        _boxes[0].Begin("core stop gracefully");
        await _fleet.WaitForListAsync(list => !Fleet.IsEnabled(list, _boxes[0].Uri));
        await _boxes[0].CliAsync("core abort shutdown");
        await _fleet.WaitForListAsync(list => Fleet.IsEnabled(list, _boxes[0].Uri));
    }

    [GeneratedRegex(@"(\d+) active calls?\s+(?:.*\s)?(\d+) calls? processed", RegexOptions.Singleline)]
    private static partial Regex CallCounts();

    private static string[] Ami(AsteriskServer box) =>
        ["--ami", $"127.0.0.1:{box.AmiPort}", "--ami-user", AsteriskServer.AmiUser, "--ami-secret-file", box.AmiSecretFile];

    private static async Task<(int Active, int Processed)> CallsAsync(AsteriskServer box)
    {
        var shown = await box.CliAsync("core show calls");
        var counts = CallCounts().Match(shown);
        Assert.That(counts.Success, Is.True, shown);
        return (int.Parse(counts.Groups[1].ValueSpan, CultureInfo.InvariantCulture), int.Parse(counts.Groups[2].ValueSpan, CultureInfo.InvariantCulture));
    }

    private static async Task CallsAsync(AsteriskServer box, Predicate<(int Active, int Processed)> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        while (await CallsAsync(box) is var calls && !condition(calls))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), $"{calls}");
        }
    }

    private async Task<ServerProcess[]> StartBoxesAsync(int count, Func<AsteriskServer, string[]> options)
    {
        _boxes.AddRange(await Task.WhenAll(Enumerable.Range(0, count).Select(static _ => AsteriskServer.StartAsync())));
        var announcers = await Task.WhenAll(_boxes.Select((box, index) => _fleet.AnnounceAsync($"box-{index}", box.Uri, ["--probe", "options", .. options(box)])));
        await _fleet.WaitForListAsync(list => _boxes.TrueForAll(box => Fleet.IsRoutable(list, box.Uri)));
        return announcers;
    }

    private async Task MemberAsync(string wanted)
    {
        var begun = Stopwatch.GetTimestamp();
        while (await _fleet.Etcd.GetAsync("/kamrpc/default/members/1/box-0") is var found && found?.Contains(wanted, StringComparison.Ordinal) != true)
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), found);
        }
    }
}
