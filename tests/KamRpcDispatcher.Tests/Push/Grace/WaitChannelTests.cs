using System.Runtime.InteropServices;
using KamailioRpc.Commands;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

/// <summary>Names of <c>/proc/PID/wchan</c>, as kernels give them.</summary>
public class WaitChannelTests
{
    private static readonly TableUse Plain = new(false, false, false, false);

    [TestCase("futex_do_wait", TestName = "6.18 names a lock so: it is not do_wait")]
    [TestCase("futex_wait_queue")]
    [TestCase("futex_wait_queue_me")]
    [TestCase("futex_wait_queue.isra.0")]
    public void A_lock_is_work(string function)
    {
        foreach (var description in new[] { "tcp receiver (generic) child=0", "udp receiver child=0 sock=127.0.0.1:5060", "slow timer", "JSONRPCS FIFO", "Foo Worker" })
        {
            Assert.That(Judge(description, function, TableUse.Unknown), Is.EqualTo(RestProof.None), description);
            Assert.That(Judge(description, function, Plain), Is.EqualTo(RestProof.None), description);
        }
    }

    [TestCase("do_wait", KernelWait.WaitForChild)]
    [TestCase("do_epoll_wait", KernelWait.Epoll)]
    [TestCase("ep_poll", KernelWait.Epoll)]
    [TestCase("do_sigtimedwait.isra.0", KernelWait.Pause)]
    [TestCase("__do_sys_pause", KernelWait.Pause)]
    [TestCase("sigsuspend.isra.0", KernelWait.Pause)]
    [TestCase("hrtimer_nanosleep", KernelWait.Sleep)]
    [TestCase("inet_csk_accept", KernelWait.Accept)]
    [TestCase("unix_stream_read_generic", KernelWait.Stream)]
    [TestCase("__skb_wait_for_more_packets", KernelWait.Datagram)]
    [TestCase("poll_schedule_timeout.constprop.0", KernelWait.Poll | KernelWait.PollOnStack | KernelWait.Select | KernelWait.SelectNothing)]
    [TestCase("0", KernelWait.Other, TestName = "a process that runs, or is hidden")]
    [TestCase("", KernelWait.Other, TestName = "nothing")]
    [TestCase("xfs_do_wait", KernelWait.Other, TestName = "a name that ends like one that is known")]
    [TestCase("do_wait_for_something", KernelWait.Other, TestName = "a name that begins like one that is known")]
    [TestCase("unix_wait_for_peer", KernelWait.Other, TestName = "a full log socket")]
    public void Functions_are_known_by_their_whole_names(string function, object expected) =>
        Assert.That(WaitChannels.Of(function), Is.EqualTo((KernelWait)expected));

    // As an idle Kamailio with many modules waits, on Linux 6.18.
    [TestCase("udp receiver child=0 sock=127.0.0.1:5060", "__skb_wait_for_more_packets", "Proved")]
    [TestCase("tcp receiver (generic) child=0", "do_epoll_wait", "Proved")]
    [TestCase("tcp main process", "do_epoll_wait", "Proved")]
    [TestCase("timer", "__do_sys_pause", "Proved")]
    [TestCase("slow timer", "do_sigtimedwait.isra.0", "Proved")]
    [TestCase("secondary timer", "poll_schedule_timeout.constprop.0", "BySockets")]
    [TestCase("JSONRPCS FIFO", "anon_pipe_read", "Proved")]
    [TestCase("JSONRPCS DATAGRAM", "poll_schedule_timeout.constprop.0", "BySockets")]
    [TestCase("ctl handler", "do_epoll_wait", "Proved")]
    [TestCase("Async Task Worker - default", "__skb_wait_for_more_packets", "Proved")]
    [TestCase("EvAPI Worker", "hrtimer_nanosleep", "Proved")]
    [TestCase("ASYNC MOD TIMER", "hrtimer_nanosleep", "Proved")]
    [TestCase("Dialog Clean Timer", "poll_schedule_timeout.constprop.0", "BySockets")]
    [TestCase("USRLOC Timer", "poll_schedule_timeout.constprop.0", "BySockets")]
    [TestCase("DMQ WORKER", "futex_do_wait", "ByDuration")]
    [TestCase("RTIMER EXEC child=0 timer=tb", "poll_schedule_timeout.constprop.0", "None", TestName = "a routine of the script may be resolving a name")]
    [TestCase("tcp receiver (generic) child=0", "poll_schedule_timeout.constprop.0", "None", TestName = "with tcp_poll_method=poll a loop and a resolver look alike")]
    [TestCase("timer", "poll_schedule_timeout.constprop.0", "None", TestName = "a timer does not rest in poll")]
    [TestCase("slow timer", "__skb_wait_for_more_packets", "None", TestName = "a timer does not receive")]
    [TestCase("udp receiver child=0 sock=127.0.0.1:5060", "do_epoll_wait", "None", TestName = "a UDP receiver does not wait for events")]
    public void Where_the_configuration_is_not_known_a_process_is_at_rest_where_its_kind_rests(string description, string function, string expected) =>
        Assert.That(Judge(description, function, TableUse.Unknown).ToString(), Is.EqualTo(expected));

    [TestCase("RTIMER EXEC child=0 timer=tb", "poll_schedule_timeout.constprop.0", "Proved")]
    [TestCase("tcp receiver (generic) child=0", "poll_schedule_timeout.constprop.0", "Proved")]
    [TestCase("udp receiver child=0 sock=127.0.0.1:5060", "poll_schedule_timeout.constprop.0", "Proved")]
    [TestCase("udp receiver child=0 sock=127.0.0.1:5060", "sk_wait_data", "Proved", TestName = "it waits for a database")]
    [TestCase("udp receiver child=0 sock=127.0.0.1:5060", "hrtimer_nanosleep", "Proved")]
    [TestCase("udp receiver child=0 sock=127.0.0.1:5060", "unix_wait_for_peer", "None", TestName = "it may be writing a log line")]
    [TestCase("udp receiver child=0 sock=127.0.0.1:5060", "0", "None")]
    [TestCase("timer", "poll_schedule_timeout.constprop.0", "None", TestName = "a ping sweep resolves names whatever the configuration")]
    [TestCase("secondary timer", "sk_wait_data", "None")]
    public void Where_the_configuration_is_plain_every_wait_but_for_locks_and_logs_is_outside_the_table(string description, string function, string expected) =>
        Assert.That(Judge(description, function, Plain).ToString(), Is.EqualTo(expected));

    [Test]
    public void On_arm64_a_timer_pauses_in_poll() =>
        Assert.That(
            new[] { Architecture.Arm64, Architecture.X64 }.Select(architecture => WaitChannelView.Judge(
                ProcessKinds.Of(new KamailioProcess(1, "timer")), "do_sys_poll", RestRules.Proofs(ProcessKinds.Of(new KamailioProcess(1, "timer")), TableUse.Unknown), architecture)),
            Is.EqualTo(new[] { RestProof.BySockets, RestProof.None }));

    private static RestProof Judge(string description, string function, TableUse use)
    {
        var kind = ProcessKinds.Of(new KamailioProcess(1, description));
        return WaitChannelView.Judge(kind, function, RestRules.Proofs(kind, use), Architecture.X64);
    }
}
