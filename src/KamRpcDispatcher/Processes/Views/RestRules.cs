namespace KamRpcDispatcher.Processes.Views;

/// <summary>What proves that a process is outside of the functions which hold the dispatcher's table.</summary>
/// <remarks>
/// <para>
/// Either it waits where its kind rests (<see cref="ProcessKinds"/>), or it waits for something for which nobody waits inside. Read in
/// dispatch.c and ds_ht.c of 5.4, 5.5, 5.6.3, 5.7, 5.8, 6.0, 6.1 and master, for each function that has a pointer into the table
/// (<c>ds_select_dst</c> and its kin, <c>ds_next_dst</c>, <c>ds_load_*</c>, <c>ds_mark_dst</c>, <c>ds_update_state</c>,
/// <c>ds_update_latency</c>, <c>ds_get_state</c>, <c>ds_is_from_list</c>, <c>ds_is_active</c>, <c>ds_list_exist</c>, <c>ds_dsg_fetch</c>,
/// the callback of a ping). None keeps one after it has returned: what goes into AVPs, into the message or into the call load is copied. Inside them:
/// </para>
/// <list type="bullet">
/// <item>Locks of a set, of the call load, of shared memory and of the log: futex and sched_yield. Never a proof.</item>
/// <item>Log lines: write to stderr, send to a Unix socket (/dev/log, and connect when it is gone), reading /etc/localtime. Never a proof;
/// sends over the network with log_custom (<see cref="TableUse.LogsOverNetwork"/>).</item>
/// <item>Memory: brk, mmap; and pages that are loaded, which is no system call. Never a proof.</item>
/// <item>Scripts: the event routes and the KEMI callback of <c>ds_update_state</c>, in any process; variables that <c>ds_hash_pvar</c> reads
/// (the set is looked up before) and that <c>ds_is_from_list</c> sets (<see cref="TableUse.RunsScripts"/>).</item>
/// <item>Name look-ups in <c>ds_is_from_list</c>, from 5.6 on, with ds_dns_mode 2 (<see cref="TableUse.ResolvesNames"/>); those for its
/// argument come before it takes the table, in every release.</item>
/// <item>In the timers alone: sending, connecting, name look-ups and tm:local-request in <c>ds_ping_set</c>; name look-ups in <c>ds_dns_update_set</c>.
/// So for timers there is no proof but their own rests (<see cref="TableAccess.Sweeps"/>).</item>
/// </list>
/// </remarks>
internal static class RestRules
{
    /// <summary>What none of those functions waits for, in a process without timers and with a configuration that is plain.</summary>
    private const KernelWait Outside = KernelWait.ReceiveSip | KernelWait.ReceiveUnix | KernelWait.ReceiveOther | KernelWait.Datagram | KernelWait.Stream
        | KernelWait.ReadPipe | KernelWait.ReadSocket | KernelWait.Epoll | KernelWait.Poll | KernelWait.PollOnStack | KernelWait.Select
        | KernelWait.SelectNothing | KernelWait.Pause | KernelWait.Sleep | KernelWait.Accept | KernelWait.WaitForChild | KernelWait.SendUdp | KernelWait.Sync;

    /// <summary>Whether it is not to be waited for at all.</summary>
    public static bool ReadsNothing(ProcessKind kind, TableUse use) =>
        kind.Access == TableAccess.None
        || (kind.Access == TableAccess.EventRoutes && !use.IsReadInEventRoutes)
        || (kind.Access == TableAccess.SecondarySweeps && !use.SweepsInSecondaryTimer && !use.IsReadInEventRoutes);

    /// <summary>All waits that prove it.</summary>
    /// <remarks>
    /// The commands of RPC resolve names as well, in dispatcher.add, whatever the configuration: outside is not told there by waiting for an answer.
    /// </remarks>
    public static KernelWait Proofs(ProcessKind kind, TableUse use) =>
        use.IsPlain && kind.Access is TableAccess.Routes or TableAccess.EventRoutes ? kind.Rests | Outside : kind.Rests;
}
