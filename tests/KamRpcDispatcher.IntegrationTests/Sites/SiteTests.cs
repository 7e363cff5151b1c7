using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Sites;

/// <summary>What an operator wants to know before anything else: which calls are lost when something dies, and that none is when he does something.</summary>
public sealed class SiteTests
{
    /// <summary>Calls that are waited for before and after what happens.</summary>
    private const int Some = 2 * SiteCalls.PerSecond;

    private readonly List<string> _table = [];
    private Site _site = null!;
    private int _phase;

    private SiteJournal Journal => _site.Journal;

    [SetUp]
    public async Task StartSite() => _site = await Site.StartAsync();

    [TearDown]
    public async Task StopSite() => await (_site?.DisposeAsync() ?? default);

    [Test]
    public async Task Calls_to_a_site_are_lost_where_they_were_up_on_what_died_and_nowhere_else()
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            await PhaseAsync("nothing", "none", SharesAreEqualAsync);
            await PhaseAsync("a server is drained, and resumed", "none", DrainAsync);
            await PhaseAsync("a canary: 20, 60, 100 %, and undone", "none", CanaryAsync);
            await PhaseAsync("Kamailio of the proxy with the VIP: kill -9", "none: callers repeat what has no answer until the VIP has moved", KillKamailioAsync);
            await PhaseAsync("it is started again, and the VIP returns", "none", StartKamailioAsync);
            await PhaseAsync("a server's cable is pulled", "those that were up on it", PullCableAsync, static call => call is { Server: 1, IsEnded: false });
            await PhaseAsync("it is put in again", "none", PutCableInAsync);
            await PhaseAsync("the proxy with the VIP dies, the whole host", "none: callers repeat what has no answer until the VIP has moved", KillProxyAsync);
        }
        finally
        {
            await TestContext.Out.WriteLineAsync(
                $"Seconds, after the start of all machines: {Stopwatch.GetElapsedTime(begun).TotalSeconds:0}\n| what happens | calls | failed | which may | sent again | seen |\n|---|---|---|---|---|---|\n{string.Join('\n', _table)}");
        }

        // What the dead proxy reported last stands there until its lease ends.
        Assert.That(await _site.StatusInStepAsync(), Does.Contain("3 of 3 get calls").And.Contain("In step."), "with the proxy that is left");
    }

    /// <summary>Something happens while calls are made.</summary>
    /// <param name="what">For the table.</param>
    /// <param name="mayFail">Which calls may fail, said beforehand.</param>
    /// <param name="happens">Answers what was seen.</param>
    /// <param name="isExcused">Whether a call, as the servers saw it, is one of those.</param>
    private async Task PhaseAsync(string what, string mayFail, Func<Task<string>> happens, Func<SiteCall?, bool>? isExcused = null)
    {
        await using var calls = _site.Call(++_phase);
        await Journal.WaitForCallsAsync(SiteJournal.Now, Some);
        var seen = await happens();
        await Journal.WaitForCallsAsync(SiteJournal.Now, Some);
        var result = await calls.EndAsync();
        _table.Add(string.Create(CultureInfo.InvariantCulture, $"| {what} | {result.Made} | {result.Failed.Count} | {mayFail} | {result.Repeated} | {seen} |"));
        var unexcused = result.Failed.Where(call => isExcused?.Invoke(Journal.Find(call)) != true).ToList();
        Assert.That(unexcused, Is.Empty, $"{what}: {string.Join(", ", unexcused.Select(call => $"{call}: {Journal.Find(call)}"))}\n{result.Errors}");
    }

    private async Task<string> SharesAreEqualAsync()
    {
        // Kamailio's own first pings may find one dead on a busy machine, and alive with the next.
        await Journal.WaitAsync(static counts => counts.All(static count => count > 0), SiteJournal.Now);
        var moment = SiteJournal.Now;
        await Journal.WaitForCallsAsync(moment, 3 * Some);
        var counts = Journal.Since(moment);
        Assert.That(counts.Max() - counts.Min(), Is.LessThanOrEqualTo(2), $"{string.Join(", ", counts)}\n{await LogsAsync()}");
        return $"{string.Join(", ", counts)} calls to the three";
    }

    /// <summary>What the dispatchers have said.</summary>
    private async Task<string> LogsAsync() => string.Join('\n', await Task.WhenAll(_site.Proxies.Machines.Select(static machine => machine.RunAsync("cat /var/log/kamrpc-dispatch.log"))));

    private async Task<string> DrainAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await _site.KamrpcAsync("drain asterisk-1 --reason disk");
        var (took, drained) = (Stopwatch.GetElapsedTime(begun), SiteJournal.Now);
        await Journal.WaitForCallsAsync(drained, 2 * Some);
        var counts = Journal.Since(drained);
        Assert.That(counts[0], Is.Zero, counts[0] == 0 ? string.Empty : $"what the command says when it ends\n{await LogsAsync()}");
        await _site.KamrpcAsync("resume asterisk-1");
        await Journal.WaitAsync(static counts => counts[0] > 0, drained);
        return $"drain ended after {took.TotalMilliseconds:0} ms; after that {string.Join(", ", counts)} calls";
    }

    private async Task<string> CanaryAsync()
    {
        await _site.KamrpcAsync("rollout canary 1 --label version --to v2 --steps 20,60,100 --interval 1s");
        var whole = SiteJournal.Now;
        await Journal.WaitForCallsAsync(whole, Some);
        var counts = Journal.Since(whole);
        Assert.That(counts[..2], Is.EqualTo(new[] { 0, 0 }), "all are the new version's");
        await _site.KamrpcAsync("rollout undo 1");
        var undone = SiteJournal.Now;
        await Journal.WaitAsync(static counts => counts.All(static count => count > 0), undone);
        return $"at 100 %: {string.Join(", ", counts)} calls";
    }

    private async Task<string> KillKamailioAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await _site.Proxies.Machines[0].RunAsync("kill -KILL -- -$(cut -d ' ' -f 5 /proc/$(cat /run/units/kamailio.pid)/stat)");
        await _site.Proxies.HasAddressAsync(1);
        return $"the VIP has moved after {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s";
    }

    private async Task<string> StartKamailioAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await _site.Proxies.Machines[0].RunAsync("systemctl stop kamailio; systemctl start kamailio");
        await _site.Proxies.HasAddressAsync(0);
        return $"the VIP is back after {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s";
    }

    private async Task<string> PullCableAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await _site.Servers[1].RunAsync("ip link set eth0 down");
        await _site.IsNotAnnouncedAsync("asterisk-2");
        var (took, gone) = (Stopwatch.GetElapsedTime(begun), SiteJournal.Now);
        await Journal.WaitForCallsAsync(gone, Some);
        Assert.That(Journal.Since(gone)[1], Is.Zero);
        return $"its lease has ended after {took.TotalSeconds:0.0} s";
    }

    private async Task<string> PutCableInAsync()
    {
        var begun = (At: Stopwatch.GetTimestamp(), Moment: SiteJournal.Now);
        await _site.Servers[1].RunAsync("ip link set eth0 up");
        await Journal.WaitAsync(static counts => counts[1] > 0, begun.Moment);
        return $"its first call after {Stopwatch.GetElapsedTime(begun.At).TotalSeconds:0.0} s";
    }

    private async Task<string> KillProxyAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await _site.Proxies.Machines[0].DisposeAsync();
        await _site.Proxies.HasAddressAsync(1, isAlone: true);
        return $"the VIP has moved after {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s";
    }
}
