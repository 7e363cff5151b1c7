using KamailioRpc.Commands;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>
/// Sees in <c>/proc/PID/wchan</c> in which function of the kernel a process waits: less than <see cref="SystemCallView"/>, but allowed
/// between processes of one user where Yama hides the calls (<c>ptrace_scope=1</c>, Ubuntu's default).
/// </summary>
/// <remarks>
/// Select and poll look alike here, and a resolver waits in poll. Select is where the datagram worker of jsonrpcs and the secondary timer rest;
/// for those two, which resolve nothing unless the dispatcher's <c>ds_timer_mode</c> is 1, it counts as rest, for nobody else.
/// </remarks>
internal sealed class WaitChannelView : IProcessView
{
    private const string SelectOrPoll = "poll_schedule_timeout";
    private static readonly string[] TimerRests = ["pause", "sigtimedwait", "sigsuspend", "nanosleep"];
    private static readonly string[] OtherRests = [.. TimerRests, "ep_poll", "epoll_wait", "pipe_read", "wait_for_partner", "skb_wait_for_more_packets", "unix_stream_", "accept", "do_wait"];

    public string Name => "wchan";

    public string? Check(IReadOnlyList<KamailioProcess> processes)
    {
        // What is hidden reads "0", as does a process that runs; not all of them run at once.
        return processes.Any(static process => ProcFile.ReadLine(process.Pid, "wchan", out _) is { Length: > 1 })
            ? null
            : "/proc/PID/wchan tells nothing: run kamrpc as Kamailio's user or root";
    }

    public Sight Look(KamailioProcess process)
    {
        if (ProcFile.ReadLine(process.Pid, "wchan", out var sight) is not { } function)
        {
            return sight;
        }

        if (function.StartsWith(SelectOrPoll, StringComparison.Ordinal))
        {
            return process.Description is "secondary timer" or "JSONRPCS DATAGRAM" ? Sight.AtRest : Sight.Busy;
        }

        IEnumerable<string> rests = process switch
        {
            { IsUdpReceiver: true } => ["skb_wait_for_more_packets"],
            { IsTimer: true } => TimerRests,
            _ => OtherRests,
        };
        return rests.Any(rest => function.Contains(rest, StringComparison.Ordinal)) ? Sight.AtRest : Sight.Busy;
    }
}
