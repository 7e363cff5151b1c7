using System.Diagnostics;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Compares Kamailio's shared memory in equal states: nothing but the known leak of a structural change may be gone.</summary>
internal sealed class MemoryWatch(ChaosFleet fleet)
{
    /// <summary>What Kamailio 5.6 is known to lose with each structural change.</summary>
    public const int LeakPerChange = 390;

    /// <summary>Pings and the last transactions, that are under way at the moment of a reading.</summary>
    private const int Noise = 256 * 1024;

    /// <summary>A request whose answer was lost while Kamailio stood still keeps its transaction for tm's fr_timer, 30 s.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(45);

    private int _pid;
    private int _changes;
    private long _used;

    /// <summary>The first reading of each life of Kamailio is what later ones are compared with.</summary>
    public async Task LookAsync()
    {
        if (_pid != fleet.Kamailio.Pid)
        {
            // Changes are counted from here, so those since Kamailio's start do not excuse any growth.
            (_pid, _changes, _used) = (fleet.Kamailio.Pid, fleet.Counter.Count, (await fleet.Kamailio.SharedMemoryAsync()).Used);
            return;
        }

        var begun = Stopwatch.GetTimestamp();
        var bound = _used + ((long)LeakPerChange * (fleet.Counter.Count - _changes)) + Noise;
        while ((await fleet.Kamailio.SharedMemoryAsync()).Used is var used && used > bound)
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Deadline), $"shared memory went from {_used} to {used} bytes in {fleet.Counter.Count - _changes} structural changes");
            await Task.Delay(50);
        }
    }
}
