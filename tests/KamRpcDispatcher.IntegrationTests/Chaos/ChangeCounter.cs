using System.Diagnostics;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Counts the structural changes that the dispatcher logs, while they stream by. Thread-safe.</summary>
internal sealed class ChangeCounter
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Waits until so many are counted, without disturbing Kamailio by looking; answers when it was.</summary>
    /// <exception cref="TimeoutException">They were not in time.</exception>
    public async Task<long> WaitForAsync(int count, TimeSpan timeout)
    {
        var begun = Stopwatch.GetTimestamp();
        while (Count < count)
        {
            if (Stopwatch.GetElapsedTime(begun) > timeout)
            {
                throw new TimeoutException($"{Count} of {count} structural changes in {timeout.TotalSeconds} s");
            }

            await Task.Delay(2);
        }

        return Stopwatch.GetTimestamp();
    }

    /// <summary>Looks at a line: event 2000 is an added destination, 2001 a removed one.</summary>
    public void See(string line)
    {
        if (line.Contains("[2000]", StringComparison.Ordinal) || line.Contains("[2001]", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref _count);
        }
    }
}
