using System.Diagnostics;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Operate;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Operate;

/// <summary>How long a drain takes, with two real Kamailios.</summary>
public sealed class DrainLatencyTests
{
    private const string A = "sip:127.0.61.1:5060";
    private const string B = "sip:127.0.61.2:5060";

    /// <summary>Longer than a proxy waits from one report to the next: each sample is a change by itself.</summary>
    private static readonly TimeSpan BetweenSamples = TimeSpan.FromMilliseconds(300);

    [Test]
    public async Task From_the_write_to_both_lists_it_takes_50_ms_at_the_median()
    {
        await using var both = await TwoProxies.StartAsync();
        await both.AnnounceAsync(("a", A), ("b", B));
        using var store = new EtcdConnection(Fleet.Endpoints(both.Fleet.Etcd), TimeProvider.System);
        var drains = new Figures("from the write of a drain, to its being read back by two proxies");
        var resumes = new Figures("from the write of a resume, to its being read back by two proxies");
        for (var sample = 0; sample < 20; sample++)
        {
            await ApplyAsync(IntentWish.Drain, drains);
            Assert.That(await both.AreBothAsync(static list => !Fleet.IsEnabled(list, A) && Fleet.IsRoutable(list, B)), Is.True);
            await Task.Delay(BetweenSamples);
            await ApplyAsync(IntentWish.Resume, resumes);
            Assert.That(await both.AreBothAsync(static list => Fleet.IsRoutable(list, A)), Is.True);
            await both.CountedAsync(2);
            await Task.Delay(BetweenSamples);
        }

        drains.Print();
        resumes.Print();
        Assert.That(drains.Median, Is.LessThan(50));

        async Task ApplyAsync(IntentWish wish, Figures figures)
        {
            await using var wait = await AppliedWait.OpenAsync(store, both.Fleet.Keys, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
            var outcome = await new IntentWriter(store, both.Fleet.Keys, TimeProvider.System).WriteAsync(new IntentCommand(wish, new MemberSelection { Names = ["a"] }, "test@here"), CancellationToken.None);
            var written = Stopwatch.GetTimestamp();
            Assert.That(outcome.Result, Is.EqualTo(IntentResult.Written), string.Join('\n', outcome.Reasons));
            var state = await wait.UntilAppliedAsync(new AppliedTarget(wish, outcome.Revision!.Value, new HashSet<MemberKey> { new(1, "a") }), static _ => { }, CancellationToken.None).WaitAsync(Fleet.Deadline);
            figures.Add(written, Stopwatch.GetTimestamp());
            Assert.That(state.IsApplied, Is.True);
        }
    }
}
