using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class LoopFaultsTests
{
    private const int Unexpected = 1900;
    private const int UnexpectedAgain = 1901;
    private const int Recovered = 1902;

    private readonly LogCapture<LoopFaults> _log = new();

    [Test]
    public void Pauses_double_from_25_ms_to_5_s_and_begin_anew_after_a_success()
    {
        var faults = new LoopFaults("a test", _log);
        var pauses = Enumerable.Range(0, 10).Select(_ => faults.Failed(new InvalidOperationException()).TotalMilliseconds).ToList();
        Assert.That(pauses, Is.EqualTo(new[] { 25.0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000 }));

        faults.Succeeded();
        Assert.That(faults.Failed(new InvalidOperationException()).TotalMilliseconds, Is.EqualTo(25));
    }

    [Test]
    public void The_same_fault_again_and_again_does_not_fill_the_log_and_another_one_is_told()
    {
        var faults = new LoopFaults("a test", _log);
        for (var times = 0; times < 1000; times++)
        {
            faults.Failed(new InvalidOperationException("one"));
        }

        Assert.That(_log.Of(Unexpected), Has.Count.EqualTo(1));
        Assert.That(_log.Of(UnexpectedAgain), Has.Count.EqualTo(9), "after 2, 4, 8 ... 512");
        faults.Failed(new InvalidOperationException("another\nof two lines"));
        Assert.That(_log.Of(Unexpected)[^1], Does.Contain("InvalidOperationException: another of two lines"));

        faults.Succeeded();
        faults.Succeeded();
        Assert.That(_log.Of(Recovered), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_loop_that_breaks_or_ends_is_run_again_until_it_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var runs = 0;
        var isThird = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = BackgroundLoop.RunAsync("a test", LoopAsync, TimeProvider.System, _log, stop.Token);

        await isThird.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.That(_log.Of(Unexpected), Has.Count.EqualTo(2));
        await stop.CancelAsync();
        Assert.That(() => running, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(runs, Is.EqualTo(3));

        async Task LoopAsync(CancellationToken cancellationToken)
        {
            switch (++runs)
            {
                case 1:
                    // Not what was asked for: somebody else's token.
                    throw new OperationCanceledException("not ours");
                case 2:
                    return;
                default:
                    isThird.SetResult();
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                    return;
            }
        }
    }
}
