using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary><c>kamrpc drain</c> and <c>kamrpc resume</c>, with a real etcd and two real Kamailios: what they answer is so in both lists.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class DrainTests
{
    private const string A = "sip:127.0.61.1:5060";
    private const string B = "sip:127.0.61.2:5060";

    [Test]
    public async Task A_drain_is_in_force_in_both_lists_and_stays_so_over_restarts_of_everything()
    {
        await using var both = await TwoProxies.StartAsync();
        var announcer = await both.Fleet.AnnounceAsync("a", A);
        await both.Fleet.AnnounceAsync("b", B);
        await both.InBothAsync(static list => Fleet.IsRoutable(list, A) && Fleet.IsRoutable(list, B));
        await both.CountedAsync(2);

        var answer = JsonElement.Parse(await both.DoneAsync("drain", "a", "--reason", "upgrade", "-o", "json"));
        Assert.That(await both.AreBothAsync(IsADrained), Is.True, "it was said to be done");
        Assert.That(answer.GetProperty("applied").GetBoolean(), Is.True);
        Assert.That(answer.GetProperty("proxies").EnumerateArray().Select(static proxy => proxy.GetProperty("name").GetString()), Is.EqualTo(new[] { "p1", "p2" }));

        announcer.Kill();
        await announcer.Gone;
        await both.Fleet.AnnounceAsync("a", A);
        await SeenAsync(both, "after-announcer");
        Assert.That(await both.AreBothAsync(IsADrained), Is.True, "its announcer was killed and started again");

        both.Fleet.Dispatcher.Signal(UnixSignals.Terminate);
        await both.Fleet.Dispatcher.Exited.WaitAsync(Fleet.Deadline);
        both.Fleet.StartDispatcher();
        await both.Fleet.Dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);
        await SeenAsync(both, "after-dispatcher");
        Assert.That(await both.AreBothAsync(IsADrained), Is.True, "its dispatcher was restarted");

        await both.Fleet.Kamailio.StopAsync();
        await both.Fleet.Kamailio.StartAgainAsync();
        await both.Fleet.WaitForListAsync(static list =>
        {
            Assert.That(Fleet.IsEnabled(list, A), Is.False, "a new Kamailio has it for a moment");
            return Fleet.IsRoutable(list, B);
        });
        await SeenAsync(both, "after-kamailio");
        Assert.That(await both.AreBothAsync(IsADrained), Is.True, "Kamailio was restarted");

        await both.DoneAsync("resume", "a");
        Assert.That(await both.AreBothAsync(static list => Fleet.IsRoutable(list, A)), Is.True);
        Assert.That(await both.Fleet.Etcd.GetAsync("/kamrpc/default/intents/1/a"), Is.Null.Or.Empty);
    }

    [Test]
    public async Task A_proxy_whose_dispatcher_stands_still_is_named_in_time_and_once_it_goes_on_the_same_drain_is_done()
    {
        await using var both = await TwoProxies.StartAsync();
        await both.AnnounceAsync(("a", A), ("b", B));
        both.SecondDispatcher.Pause();

        var begun = Stopwatch.GetTimestamp();
        var (exitCode, output, errors) = await both.RunAsync("drain", "a", "--timeout", "3s");
        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(errors, Does.Contain("not applied within 3s: missing p2 (").And.Not.Contain("p1 ("));
        Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(13)));
        Assert.That(IsADrained(await both.Fleet.Kamailio.ListAsync()), Is.True, "the other one has it");

        both.SecondDispatcher.Resume();
        Assert.That(await both.DoneAsync("drain", "a"), Does.Contain("applied and read back by p1, p2"));
        Assert.That(await both.AreBothAsync(IsADrained), Is.True);
    }

    [Test]
    public async Task A_proxy_that_is_killed_is_missing_and_not_done()
    {
        await using var both = await TwoProxies.StartAsync();
        await both.AnnounceAsync(("a", A), ("b", B));
        both.SecondDispatcher.Kill();

        var (exitCode, _, errors) = await both.RunAsync("drain", "a", "--timeout", "20s");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("missing p2 (its report has ended"));
    }

    [Test]
    public async Task What_would_leave_nobody_is_refused_and_changes_nothing_unless_it_is_forced()
    {
        await using var both = await TwoProxies.StartAsync();
        await both.AnnounceAsync(("a", A), ("b", B));

        var (exitCode, _, errors) = await both.RunAsync("drain", "a", "b");
        Assert.That((exitCode, errors), Is.EqualTo((4, "kamrpc: refused: set 1 would be left with no ready member, and --min-ready 1 asks for 1\nkamrpc: nothing was written; --force drains nevertheless\n")));
        Assert.That(await both.AreBothAsync(static list => Fleet.IsRoutable(list, A) && Fleet.IsRoutable(list, B)), Is.True);

        await both.DoneAsync("drain", "a");
        (exitCode, _, errors) = await both.RunAsync("drain", "b");
        Assert.That(exitCode, Is.EqualTo(4));
        Assert.That(errors, Does.Contain("not counted: a (drained)"));

        await both.DoneAsync("drain", "b", "--force");
        Assert.That(await both.AreBothAsync(static list => !list.Any(static entry => entry.Uri is A or B && entry.Flags[0] == 'A')), Is.True);
    }

    [Test]
    public async Task Of_two_operators_who_drain_one_of_two_each_at_once_one_is_refused()
    {
        await using var both = await TwoProxies.StartAsync();
        await both.AnnounceAsync(("a", A), ("b", B));
        for (var round = 0; round < 3; round++)
        {
            var answers = await Task.WhenAll(both.RunAsync("drain", "a"), both.RunAsync("drain", "b"));

            Assert.That(answers.Select(static answer => answer.ExitCode), Is.EquivalentTo(new[] { 0, 4 }), string.Join('\n', answers.Select(static answer => answer.Errors)));
            Assert.That(await both.AreBothAsync(static list => Fleet.IsRoutable(list, A) ^ Fleet.IsRoutable(list, B)), Is.True);
            await both.DoneAsync("resume", "a", "b");
            await both.CountedAsync(2);
        }
    }

    [Test]
    public async Task No_call_fails_while_one_of_two_servers_is_drained_and_resumed()
    {
        await using var first = await SipServer.StartAsync();
        await using var second = await SipServer.StartAsync();
        await using var both = await TwoProxies.StartAsync();
        await both.AnnounceAsync(("a", first.Uri), ("b", second.Uri));
        await using var load = SipLoad.Start(both.Fleet.Kamailio.Sip, calls: 1500, perSecond: 100, TimeSpan.FromMilliseconds(200));
        await first.WaitForAsync(static server => server.Calls >= 50, Fleet.Deadline);

        await both.DoneAsync("drain", "a");

        // Those that were on their way are up by then.
        await GainsAsync(second, 50);
        var drained = first.Calls;
        await GainsAsync(second, 150);
        Assert.That(first.Calls, Is.EqualTo(drained), "it gets no new calls");
        await both.DoneAsync("resume", "a");
        await first.WaitForAsync(server => server.Calls >= drained + 20, Fleet.Deadline);

        var result = await load.EndAsync();
        await TestContext.Out.WriteLineAsync(result.ToString());
        Assert.That((result.Successful, result.Failed), Is.EqualTo((1500, 0)), result.Errors);

        static Task GainsAsync(SipServer server, int calls)
        {
            var wanted = server.Calls + calls;
            return server.WaitForAsync(now => now.Calls >= wanted, Fleet.Deadline);
        }
    }

    private static bool IsADrained(IReadOnlyList<FakeDestination> list) => !Fleet.IsEnabled(list, A) && Fleet.IsRoutable(list, B);

    /// <summary>Waits until both dispatchers have followed what was written before: a member of the test's own came after it.</summary>
    private static async Task SeenAsync(TwoProxies both, string mark)
    {
        var uri = "sip:127.0.61.9:5060";
        await both.Fleet.PutUriAsync("1/" + mark, uri);
        await both.InBothAsync(list => Fleet.IsEnabled(list, uri));
        await both.Fleet.DeleteAsync("1/" + mark);
        await both.InBothAsync(list => !Fleet.IsEnabled(list, uri));
    }
}
