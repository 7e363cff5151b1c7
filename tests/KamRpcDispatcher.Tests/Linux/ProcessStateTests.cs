using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Host;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Linux;

/// <summary>Processes that are listed and do nothing: those that have ended, and those that are stopped.</summary>
internal sealed class ProcessStateTests
{
    private const int Patience = 10_000;

    [TestCase("7 (kamailio) S 3 7 7", 'S')]
    [TestCase("7 (a) b) T 3 7 7", 'T')]
    [TestCase("7 (a", null)]
    [TestCase("", null)]
    public void The_letter_is_read_whatever_the_name_is(string line, char? state) => Assert.That(ProcessState.Read(line), Is.EqualTo(state));

    [Test]
    public void Of_no_process_nothing_is_known() => Assert.That(ProcessState.Of(int.MaxValue), Is.Null);

    /// <summary>As where the first process of a container takes no note of those that have ended.</summary>
    [Test]
    public async Task A_process_that_has_ended_and_is_still_listed_is_none()
    {
        using var family = await SleepingFamily.StartAsync();
        KamailioProcess[] processes = [new(family.Parent, "main process - attendant"), new(family.Child, "timer")];
        Assert.That(() => ProcessIdentity.Check(processes), Is.Null.After(Patience, 5), "while it lives");
        Assert.That(ProcessEntry.All(SleepingFamily.Name).Select(static process => process.Pid), Has.Some.EqualTo(family.Child));

        await family.SignalChildAsync("-KILL");

        Assert.That(() => ProcessState.HasEnded(ProcessState.Of(family.Child)), Is.True.After(Patience, 5), "what this is about");
        Assert.That(ProcessEntry.All(SleepingFamily.Name).Select(static process => process.Pid), Has.None.EqualTo(family.Child).And.Some.EqualTo(family.Parent));
        Assert.That((Machine.HasEnded(Machine.Place, family.Child), Machine.HasEnded(Machine.Place, family.Parent)), Is.EqualTo((true, false)));
        Assert.That(ProcessIdentity.Check(processes), Does.StartWith(FormattableString.Invariant($"'timer' (PID {family.Child}) is not here")));
        Assert.That(new SystemCallView().ActivityOf(processes[1]), Is.EqualTo(ProcessActivity.Gone));
    }

    [Test]
    public async Task A_process_that_is_stopped_is_told_from_one_that_rests()
    {
        using var family = await SleepingFamily.StartAsync();
        KamailioProcess[] processes = [new(family.Parent, "main process - attendant"), new(family.Child, "timer")];
        Assert.That(() => ProcessIdentity.Check(processes), Is.Null.After(Patience, 5));
        Assert.That(await FindAsync(processes), Is.Empty);

        await family.SignalChildAsync("-STOP");

        Assert.That(() => ProcessState.IsStopped(ProcessState.Of(family.Child)), Is.True.After(Patience, 5));
        Assert.That(await FindAsync(processes), Is.EqualTo(new[] { processes[1] }));
        Assert.That(await FindAsync([processes[1] with { Description = "main process - attendant" }, processes[0]]), Is.Empty, "of strangers nothing is said");
    }

    private static Task<IReadOnlyList<KamailioProcess>> FindAsync(IReadOnlyList<KamailioProcess> processes) => StoppedProcesses.FindAsync(processes, TimeProvider.System, CancellationToken.None);
}
