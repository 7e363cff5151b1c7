using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>When Kamailio's configuration is looked at.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ExaminationTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly ObservedTime _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _looked = new(0);
    private readonly Examination _examination;
    private bool _answers = true;

    public ExaminationTests() => _examination = new Examination(
        _ =>
        {
            _looked.Release();
            return Task.FromResult(_answers);
        },
        _time);

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        _looked.Dispose();
    }

    [Test]
    public async Task It_is_looked_at_after_the_first_cycle_and_after_each_start_of_Kamailio()
    {
        var running = _examination.RunAsync(_stop.Token);
        Assert.That(_time.Waits, Is.Empty, "not before there was a cycle");

        _examination.Observe(new KamailioInstance("one", string.Empty));
        await PassAsync(Examination.Pause);
        Assert.That(await _looked.WaitAsync(Deadline));

        _examination.Observe(new KamailioInstance("one", string.Empty));
        await PassAsync(Examination.BetweenExaminations);
        _examination.Observe(new KamailioInstance("two", string.Empty));
        await PassAsync(Examination.Pause, 2);
        Assert.That(await _looked.WaitAsync(Deadline));
        Assert.That(_looked.CurrentCount, Is.Zero, "once a life");
        await _stop.CancelAsync();
        Assert.That(() => running, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_Kamailio_that_could_not_be_asked_is_asked_again()
    {
        _answers = false;
        _ = _examination.RunAsync(_stop.Token);
        _examination.Observe(new KamailioInstance("one", string.Empty));
        await PassAsync(Examination.Pause);
        Assert.That(await _looked.WaitAsync(Deadline));

        await PassAsync(Examination.BetweenExaminations);
        await PassAsync(Examination.Pause, 2);
        Assert.That(await _looked.WaitAsync(Deadline));
    }

    private async Task PassAsync(TimeSpan time, int count = 1)
    {
        await _time.WaitForWaitAsync(time, count);
        _time.Advance(time);
    }
}
