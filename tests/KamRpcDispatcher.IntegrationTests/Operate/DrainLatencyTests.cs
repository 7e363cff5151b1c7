using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
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

    /// <summary>How often a proxy reports what nobody waits for, where much happens.</summary>
    private static readonly TimeSpan BetweenReports = TimeSpan.FromSeconds(1);

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

        Task ApplyAsync(IntentWish wish, Figures figures) => DrainLatencyTests.ApplyAsync(both, store, wish, figures);
    }

    [Test]
    public async Task While_members_change_all_the_time_reports_are_written_once_a_second_and_a_drain_is_acknowledged_at_once()
    {
        await using var both = await TwoProxies.StartAsync();
        await both.AnnounceAsync(("a", A), ("b", B));
        using var store = new EtcdConnection(Fleet.Endpoints(both.Fleet.Etcd), TimeProvider.System);
        using var over = new CancellationTokenSource();
        var churn = Task.Run(async () =>
        {
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            for (var round = 0; !over.IsCancellationRequested; round++)
            {
                await both.Fleet.PutAsync("1/b", $$$"""{"uri":"{{{B}}}","labels":{"round":"{{{round}}}"}}""");
                await pace.WaitForNextTickAsync();
            }
        });
        await Task.Delay(2 * BetweenReports);
        var (before, begun) = (await ReportsAsync(), Stopwatch.GetTimestamp());
        await Task.Delay(5 * BetweenReports);
        var (after, passed) = (await ReportsAsync(), Stopwatch.GetElapsedTime(begun));
        Assert.That(after - before, Is.InRange(1, (passed / BetweenReports) + 2), "of some 250 changes; who has waited for none gets one a second");

        var changes = new Figures("from the write of a drain or a resume to its being read back by two proxies, while members change 50 times a second");
        for (var sample = 0; sample < 5; sample++)
        {
            await ApplyAsync(both, store, IntentWish.Drain, changes);
            await ApplyAsync(both, store, IntentWish.Resume, changes);
        }

        changes.Print();
        Assert.That(changes.Median, Is.LessThan(BetweenReports.TotalMilliseconds / 2), "else it waited its turn");
        await over.CancelAsync();
        await churn;

        // Each writing of a key is counted in it.
        async Task<long> ReportsAsync() => (await store.Keys.RangeAsync(new RangeRequest { Key = ByteString.CopyFromUtf8(both.Fleet.Keys.Proxy("p1")) })).Kvs.Single().Version;
    }

    private static async Task ApplyAsync(TwoProxies both, EtcdConnection store, IntentWish wish, Figures figures)
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
