using KamRpcDispatcher.Processes;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

public class ProcessMovementTests
{
    private readonly ProcessMovement _movement = new();

    [Test]
    public async Task A_process_that_waits_and_computes_moves()
    {
        var before = _movement.Read(Environment.ProcessId);
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var now = before; now?.Switches < before?.Switches + 5 || now?.Processor < before?.Processor + TimeSpan.FromMilliseconds(20); now = _movement.Read(Environment.ProcessId))
        {
            Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(20)));
            await Task.Delay(1);
        }

        Assert.That(before, Is.Not.Null);
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(int.MaxValue)]
    public void Of_a_process_that_is_not_there_nothing_is_known(int pid) => Assert.That(_movement.Read(pid), Is.Null);
}
