using KamailioRpc.Commands;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

public class RestRulesTests
{
    private static readonly TableUse Plain = new(false, false, false, false);

    [TestCase("main process - attendant", true, true)]
    [TestCase("udp multithreaded receiver (udp)", true, true)]
    [TestCase("SIPDUMP WRITE TIMER", true, true)]
    [TestCase("DMQ WORKER", true, false)]
    [TestCase("Dialog Clean Timer", true, false)]
    [TestCase("tcp main process", true, false)]
    [TestCase("udp receiver child=0 sock=127.0.0.1:5060", false, false)]
    [TestCase("tcp receiver (generic) child=0", false, false)]
    [TestCase("timer", false, false)]
    [TestCase("slow timer", false, false)]
    [TestCase("secondary timer", true, false)]
    [TestCase("RTIMER EXEC child=0 timer=ta", false, false)]
    [TestCase("Async Task Worker - udp", false, false)]
    [TestCase("Http Async Worker", false, false)]
    [TestCase("EvAPI Worker", false, false)]
    [TestCase("JSONRPCS DATAGRAM", false, false)]
    [TestCase("something new", false, false, TestName = "what is not known is waited for")]
    [TestCase("something new timer", false, false)]
    public void Nobody_waits_for_a_process_that_reads_nothing_of_the_table(string description, bool whenPlain, bool whenUnknown)
    {
        var kind = ProcessKinds.Of(new KamailioProcess(1, description));

        Assert.That(RestRules.ReadsNothing(kind, Plain), Is.EqualTo(whenPlain));
        Assert.That(RestRules.ReadsNothing(kind, TableUse.Unknown), Is.EqualTo(whenUnknown));
    }

    [Test]
    public void The_secondary_timer_is_waited_for_where_the_modules_timers_run_in_it() =>
        Assert.That(RestRules.ReadsNothing(ProcessKinds.Of(new KamailioProcess(1, "secondary timer")), Plain with { SweepsInSecondaryTimer = true }), Is.False);

    [Test]
    public void Each_thing_that_may_happen_inside_keeps_the_strict_rule()
    {
        var worker = ProcessKinds.Of(new KamailioProcess(1, "udp receiver child=0 sock=127.0.0.1:5060"));
        TableUse[] strict = [Plain with { RunsScripts = true }, Plain with { ResolvesNames = true }, Plain with { LogsOverNetwork = true }, TableUse.Unknown];

        Assert.That(RestRules.Proofs(worker, Plain), Is.Not.EqualTo(worker.Rests));
        Assert.That(strict.Select(use => RestRules.Proofs(worker, use)), Is.All.EqualTo(worker.Rests));
        Assert.That(worker.Rests & (KernelWait.Poll | KernelWait.PollOnStack | KernelWait.ReceiveOther | KernelWait.Sleep), Is.EqualTo(KernelWait.Other));
    }

    [TestCase("timer")]
    [TestCase("slow timer")]
    [TestCase("secondary timer")]
    [TestCase("JSONRPCS DATAGRAM")]
    public void The_strict_rule_stays_for_timers_and_commands(string description)
    {
        var kind = ProcessKinds.Of(new KamailioProcess(1, description));

        Assert.That(RestRules.Proofs(kind, Plain), Is.EqualTo(kind.Rests));
        Assert.That(kind.Rests & (KernelWait.PollOnStack | KernelWait.ReceiveOther | KernelWait.SendUdp), Is.EqualTo(KernelWait.Other));
    }

    [Test]
    public void A_lock_and_a_log_line_prove_nothing_about_anybody()
    {
        var proofs = new[] { "udp receiver child=0", "tcp receiver", "timer", "DMQ WORKER", "JSONRPCS FIFO", "Foo" }
            .Select(static description => RestRules.Proofs(ProcessKinds.Of(new KamailioProcess(1, description)), Plain));

        Assert.That(proofs.Select(static proof => proof & KernelWait.Futex), Is.All.EqualTo(KernelWait.Other));
    }
}
