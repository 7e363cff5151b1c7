using Microsoft.Extensions.Time.Testing;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>A clock that the test moves, and that says when somebody has begun to wait: time that passes before is not waited for.</summary>
internal sealed class ObservedTime : FakeTimeProvider
{
    private readonly Milestones _milestones = new();
    private readonly List<TimeSpan> _waits = [];

    /// <summary>How long each wait was to be, in the order of their beginnings.</summary>
    public IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (_waits)
            {
                return [.. _waits];
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        lock (_waits)
        {
            _waits.Add(dueTime);
        }

        _milestones.Passed();
        return timer;
    }

    /// <summary>Completes when so many waits have begun, since the clock was made.</summary>
    public Task WaitForWaitsAsync(int count) => _milestones.WaitUntilAsync(() => Waits.Count >= count);

    /// <summary>Completes when the waits that have begun are such.</summary>
    public Task WaitForAsync(Func<IReadOnlyList<TimeSpan>, bool> isReached) => _milestones.WaitUntilAsync(() => isReached(Waits));

    /// <summary>Completes when so many waits of that length have begun.</summary>
    public Task WaitForWaitAsync(TimeSpan length, int count = 1) => _milestones.WaitUntilAsync(() => Waits.Count(wait => wait == length) >= count);
}
