using System.Collections.Concurrent;
using KamRpcDispatcher.Cli.Operate;
using KamRpcDispatcher.Operate.Waiting;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>Whoever waits is told for whom, and not more often than can be read.</summary>
public class WaitTellerTests
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    [Test]
    public async Task What_changes_is_told_once_a_second_at_most_and_what_is_over_by_then_is_not()
    {
        var time = new ObservedTime();
        var told = new ConcurrentQueue<string>();
        var passed = 0;
        await using var teller = new WaitTeller(told.Enqueue, time);
        teller.Start();

        teller.Saw(Missing("p1"));
        teller.Saw(Missing("p2"));
        await PassAsync();
        await PassAsync();
        Assert.That(told, Is.EqualTo(new[] { "kamrpc: waits for p2 (has not applied it yet)" }), "the last one, once");

        teller.Saw(new AppliedState([new AppliedProxy("p2", [1], null)], []));
        await PassAsync();
        teller.Saw(Missing("p2", "p3"));
        await PassAsync();
        Assert.That(told.Last(), Is.EqualTo("kamrpc: waits for p2 (has not applied it yet); p3 (has not applied it yet)"));
        Assert.That(told, Has.Count.EqualTo(2));

        async Task PassAsync()
        {
            await time.WaitForWaitsAsync(++passed);
            time.Advance(Pace);
            await time.WaitForWaitsAsync(passed + 1);
        }
    }

    [Test]
    public async Task What_changes_all_the_time_is_no_news()
    {
        var time = new ObservedTime();
        var told = new ConcurrentQueue<string>();
        await using var teller = new WaitTeller(told.Enqueue, time) { Pace = 5 * Pace };
        teller.Start();
        for (var passed = 1; passed <= 3; passed++)
        {
            teller.Saw($"a (2 calls, {passed}s ago)", "a (2 calls)");
            await time.WaitForWaitsAsync(passed);
            time.Advance(5 * Pace);
            await time.WaitForWaitsAsync(passed + 1);
        }

        Assert.That(told, Is.EqualTo(new[] { "kamrpc: waits for a (2 calls, 1s ago)" }));
        Assert.That(time.Waits, Is.EqualTo(new[] { Pace, 5 * Pace, 5 * Pace, 5 * Pace }), "soon, and then seldom");
    }

    [Test]
    public void Everything_that_is_missing_is_named_and_of_very_many_the_first_ones()
    {
        Assert.That(
            WaitTeller.Missing(new AppliedState([new AppliedProxy("p1", [1], null)], [3, 4]) { Outage = "no answer in time" }),
            Is.EqualTo("a proxy that serves sets 3, 4; etcd (no answer in time)"));
        Assert.That(WaitTeller.Missing(Missing([.. Enumerable.Range(1, 9).Select(static number => $"p{number}")])), Does.EndWith("p5 (has not applied it yet); and 4 more"));
        Assert.That(WaitTeller.Missing(new AppliedState([new AppliedProxy("p1", [1], null)], [])), Is.Empty);
    }

    private static AppliedState Missing(params string[] proxies) => new([.. proxies.Select(static name => new AppliedProxy(name, [1], "has not applied it yet"))], []);
}
