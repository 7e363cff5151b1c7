using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace KamRpcDispatcher.Tests.Push.Grace;

/// <summary>A clock that the test moves, and that knows whether somebody sleeps by it.</summary>
internal sealed class SleepersClock : FakeTimeProvider
{
    private int _sleepers;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var sleep = new Sleep(this);
        sleep.Timer = base.CreateTimer(
            passed =>
            {
                sleep.End();
                callback(passed);
            },
            state,
            dueTime,
            period);

        // Only now: whoever moves the clock on a sleeper's account would move it on and on before the sleeper's time is known. One that is over already has been subtracted before.
        Interlocked.Increment(ref _sleepers);
        return sleep;
    }

    /// <summary>Waits until somebody sleeps, until nobody will, or until the patience is at its end.</summary>
    public async Task WaitForSleeperAsync(Func<bool> nobodyWill, TimeSpan patience)
    {
        for (var begun = Stopwatch.GetTimestamp(); Volatile.Read(ref _sleepers) <= 0 && !nobodyWill() && Stopwatch.GetElapsedTime(begun) < patience;)
        {
            await Task.Yield();
        }
    }

    /// <summary>One wait: it is over when its time has come, or when it is given up.</summary>
    private sealed class Sleep(SleepersClock clock) : ITimer
    {
        private int _isOver;

        public ITimer? Timer { get; set; }

        public void End()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                Interlocked.Decrement(ref clock._sleepers);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => Timer!.Change(dueTime, period);

        public void Dispose()
        {
            End();
            Timer?.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            End();
            return Timer?.DisposeAsync() ?? default;
        }
    }
}
