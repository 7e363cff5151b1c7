namespace KamRpcDispatcher.Processes.Views;

/// <summary>
/// The functions of the kernel in which a process waits, as <c>/proc/PID/wchan</c> names them: the first one below the scheduler's own.
/// Whole names: <c>futex_do_wait</c> is not <c>do_wait</c>.
/// </summary>
/// <remarks>From the sources of 4.19 to 6.18. Where the compiler inlines a function the name is that of its caller, so both are here.</remarks>
internal static class WaitChannels
{
    /// <summary>poll and select end in the same function, and on arm64 pause is a poll.</summary>
    public const KernelWait PollOrSelect = KernelWait.Poll | KernelWait.PollOnStack | KernelWait.Select | KernelWait.SelectNothing;

    private static readonly Dictionary<string, KernelWait> Functions = new(StringComparer.Ordinal)
    {
        // recvfrom and recvmsg on UDP and on Unix datagram sockets, accept on a Unix socket: all.
        ["__skb_wait_for_more_packets"] = KernelWait.Datagram,

        // recvmsg and read on a Unix stream: all, the second where the first is inlined.
        ["unix_stream_data_wait"] = KernelWait.Stream,
        ["unix_stream_read_generic"] = KernelWait.Stream,

        // recv and read on TCP: all.
        ["sk_wait_data"] = KernelWait.ReceiveOther | KernelWait.ReadSocket,

        // epoll_wait: all, and its callers where it is inlined (ep_poll is static; the second was seen on 5.10 to 6.18).
        ["ep_poll"] = KernelWait.Epoll,
        ["do_epoll_wait"] = KernelWait.Epoll,
        ["do_epoll_pwait"] = KernelWait.Epoll,
        ["__x64_sys_epoll_wait"] = KernelWait.Epoll,
        ["__se_sys_epoll_wait"] = KernelWait.Epoll,
        ["__do_sys_epoll_wait"] = KernelWait.Epoll,
        ["__arm64_sys_epoll_pwait"] = KernelWait.Epoll,

        // poll, ppoll, select and pselect6: all; then where it is inlined, which tells them apart.
        ["poll_schedule_timeout"] = PollOrSelect,
        ["do_sys_poll"] = KernelWait.Poll | KernelWait.PollOnStack,
        ["do_poll"] = KernelWait.Poll | KernelWait.PollOnStack,
        ["do_select"] = KernelWait.Select | KernelWait.SelectNothing,
        ["core_sys_select"] = KernelWait.Select | KernelWait.SelectNothing,

        // read on a pipe or FIFO: up to 5.4, up to 6.14, and from 6.15 on (a FIFO's calls the other one, or has it inlined).
        ["pipe_wait"] = KernelWait.ReadPipe | KernelWait.ReadFile,
        ["pipe_read"] = KernelWait.ReadPipe | KernelWait.ReadFile,
        ["anon_pipe_read"] = KernelWait.ReadPipe | KernelWait.ReadFile,
        ["fifo_pipe_read"] = KernelWait.ReadPipe | KernelWait.ReadFile,

        // open of a FIFO that nobody has at the other end: all.
        ["wait_for_partner"] = KernelWait.ReadFile,

        // sigwaitinfo, sigtimedwait: all, and where it is inlined.
        ["do_sigtimedwait"] = KernelWait.Pause,
        ["__x64_sys_rt_sigtimedwait"] = KernelWait.Pause,
        ["__se_sys_rt_sigtimedwait"] = KernelWait.Pause,
        ["__do_sys_rt_sigtimedwait"] = KernelWait.Pause,
        ["__arm64_sys_rt_sigtimedwait"] = KernelWait.Pause,
        ["sigsuspend"] = KernelWait.Pause,

        // pause: named after the system call, which the releases since 4.17 and the compilers do differently.
        ["sys_pause"] = KernelWait.Pause,
        ["__x64_sys_pause"] = KernelWait.Pause,
        ["__se_sys_pause"] = KernelWait.Pause,
        ["__do_sys_pause"] = KernelWait.Pause,

        // nanosleep, clock_nanosleep: all; do_nanosleep counts as the scheduler's, and is not seen on most.
        ["hrtimer_nanosleep"] = KernelWait.Sleep,
        ["do_nanosleep"] = KernelWait.Sleep,
        ["common_nsleep"] = KernelWait.Sleep,
        ["common_nsleep_timens"] = KernelWait.Sleep,

        // accept on TCP: all, the second where it is not inlined.
        ["inet_csk_accept"] = KernelWait.Accept,
        ["inet_csk_wait_for_connect"] = KernelWait.Accept,

        // wait4, waitpid: all; kernel_wait4 where it is inlined; __do_wait from 6.7 on.
        ["do_wait"] = KernelWait.WaitForChild,
        ["__do_wait"] = KernelWait.WaitForChild,
        ["kernel_wait4"] = KernelWait.WaitForChild,

        // Locks: up to 5.15; 5.16 to 6.14; from 6.15 on; and their callers where they are inlined.
        ["futex_wait_queue_me"] = KernelWait.Futex,
        ["futex_wait_queue"] = KernelWait.Futex,
        ["futex_do_wait"] = KernelWait.Futex,
        ["futex_wait"] = KernelWait.Futex,
        ["__futex_wait"] = KernelWait.Futex,
    };

    /// <summary>What is waited for there; <see cref="KernelWait.Other"/> when the function is not known, or the process runs ("0").</summary>
    public static KernelWait Of(string function)
    {
        // The compiler's copies of a function: "poll_schedule_timeout.constprop.0", "ep_poll.isra.0".
        var end = function.IndexOf('.', StringComparison.Ordinal);
        return Functions.GetValueOrDefault(end < 0 ? function : function[..end]);
    }
}
