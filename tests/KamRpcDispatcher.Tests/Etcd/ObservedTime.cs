using Microsoft.Extensions.Time.Testing;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>A clock that the test moves, and that says when somebody has begun to wait: time that passes before is not waited for.</summary>
internal sealed class ObservedTime : FakeTimeProvider
{
    private readonly Milestones _milestones = new();
    private int _timers;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        Interlocked.Increment(ref _timers);
        _milestones.Passed();
        return timer;
    }

    /// <summary>Completes when so many waits have begun, since the clock was made.</summary>
    public Task WaitForTimersAsync(int count) => _milestones.WaitUntilAsync(() => Volatile.Read(ref _timers) >= count);
}
