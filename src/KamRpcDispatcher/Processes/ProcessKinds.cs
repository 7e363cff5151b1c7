using KamailioRpc.Commands;

namespace KamRpcDispatcher.Processes;

/// <summary>The kinds of Kamailio's processes, by what the sources of 5.4 to 6.1 and of master call them.</summary>
internal static class ProcessKinds
{
    /// <summary><c>sleep()</c> and <c>sleep_us()</c>, which is select without descriptors.</summary>
    private const KernelWait Sleeps = KernelWait.Sleep | KernelWait.SelectNothing;

    /// <summary>The loops of the core and of jsonrpcs, by <c>tcp_poll_method</c>: epoll, poll, select, real-time signals.</summary>
    private const KernelWait EventLoop = KernelWait.Epoll | KernelWait.Poll | KernelWait.Select | KernelWait.Pause;

    /// <summary>Where processes of modules rest; a socket that is received from is a Unix socket, by which they get their tasks.</summary>
    private const KernelWait Anywhere = EventLoop | Sleeps | KernelWait.ReceiveUnix | KernelWait.Datagram | KernelWait.Stream
        | KernelWait.ReadPipe | KernelWait.ReadFile | KernelWait.Accept | KernelWait.WaitForChild;

    private static readonly ProcessKind UnknownTimer = new("timer", TableAccess.Routes, Sleeps | KernelWait.Pause) { IsKnown = false };
    private static readonly ProcessKind Unknown = new("", TableAccess.Routes, Anywhere) { IsKnown = false };

    private static readonly ProcessKind[] All =
    [
        // Each runs the routes for what it receives. It waits on its own socket; on any other it may be in the middle of a request.
        new("udp receiver", TableAccess.Routes, KernelWait.ReceiveSip | KernelWait.Datagram) { IsPrefix = true },
        new("tcp receiver", TableAccess.Routes, EventLoop) { IsPrefix = true },

        // With udp_receiver_mode=1 (6.1) its threads pass what they receive on to the async workers of a group; they run nothing.
        new("udp multithreaded receiver", TableAccess.None, KernelWait.Other) { IsPrefix = true },

        // Waits for the others to end. "main" is its name while it starts them.
        new("main process - attendant", TableAccess.None, KernelWait.Pause),
        new("main", TableAccess.None, KernelWait.Pause),

        // Accepts, connects and passes connections on; of routes only event_route[tcp:closed] and the like (tcpops).
        new("tcp main process", TableAccess.EventRoutes, EventLoop),

        // The core's three. The first two run what modules registered, the dispatcher's pings, DNS and call load among them, and the
        // timers of transactions, a ping's time-out among them; the third one the same where ds_timer_mode is 1.
        new("timer", TableAccess.Sweeps, KernelWait.Pause | KernelWait.Sleep),
        new("slow timer", TableAccess.Sweeps, KernelWait.Pause | KernelWait.Sleep),
        new("secondary timer", TableAccess.SecondarySweeps, Sleeps),

        // RPC commands, dispatcher.list among them. The one of TCP takes one client at a time, and reads until that says something.
        new("JSONRPCS DATAGRAM", TableAccess.Rpc, EventLoop | KernelWait.ReceiveUnix | KernelWait.Datagram),
        new("JSONRPCS FIFO", TableAccess.Rpc, KernelWait.ReadFile | KernelWait.ReadPipe | Sleeps),
        new("JSONRPCS TCP", TableAccess.Rpc, EventLoop | KernelWait.Accept | KernelWait.ReadSocket | KernelWait.ReceiveOther),
        new("ctl handler", TableAccess.Rpc, EventLoop),

        // Its jobs are other nodes' messages for dialog, htable, usrloc and the like; what it sends passes tm:local-request. It rests in a
        // lock that it gives itself (worker_usleep 0, the default), or it sleeps.
        new("DMQ WORKER", TableAccess.EventRoutes, Sleeps) { RestsInLock = true },

        // Timers of modules, in processes of their own. Routes run in them by events only: dialog:end, dialog:failed,
        // usrloc:contact-expired, htable:expired, websocket:closed; and tm:local-request for what they send.
        new("Dialog Main Timer", TableAccess.EventRoutes, Sleeps),
        new("Dialog KA Timer", TableAccess.EventRoutes, Sleeps),
        new("Dialog Clean Timer", TableAccess.EventRoutes, Sleeps),
        new("USRLOC Timer", TableAccess.EventRoutes, Sleeps),
        new("IMS S-CSCF USRLOC Timer", TableAccess.EventRoutes, Sleeps),
        new("HTable Timer", TableAccess.EventRoutes, Sleeps),
        new("MSRP Timer", TableAccess.EventRoutes, Sleeps),
        new("WEBSOCKET KEEPALIVE", TableAccess.EventRoutes, Sleeps),
        new("WEBSOCKET TIMER", TableAccess.EventRoutes, Sleeps),
        new("PRESENCE NOTIFIER", TableAccess.EventRoutes, Sleeps) { IsPrefix = true },
        new("RLS NOTIFIER", TableAccess.EventRoutes, Sleeps) { IsPrefix = true },
        new("TIMER NH", TableAccess.EventRoutes, Sleeps),
        new("TIMER NT", TableAccess.EventRoutes, Sleeps),
        new("TIMER UAC REG", TableAccess.EventRoutes, Sleeps),
        new("TIMER UL WATCH", TableAccess.EventRoutes, Sleeps),
        new("SCA DB SYNC PROCESS", TableAccess.EventRoutes, Sleeps),

        // They write files, and run no route.
        new("SIPDUMP WRITE", TableAccess.None, Sleeps) { IsPrefix = true },
        new("fo_writer", TableAccess.None, Sleeps),

        // Routes as tasks: sleeping or suspended requests that go on, timers of scripts, events of connections, answers of servers.
        new("RTIMER EXEC", TableAccess.Routes, Sleeps) { IsPrefix = true },
        new("ASYNC MOD", TableAccess.Routes, Sleeps) { IsPrefix = true },
        new("Async Task Worker", TableAccess.Routes, KernelWait.ReceiveUnix | KernelWait.Datagram | KernelWait.Stream | Sleeps) { IsPrefix = true },
        new("EvAPI Dispatcher", TableAccess.Routes, KernelWait.Epoll | KernelWait.Poll),
        new("EvAPI Worker", TableAccess.Routes, Sleeps | KernelWait.ReceiveUnix | KernelWait.Datagram | KernelWait.Stream),
        new("Http Async Worker", TableAccess.Routes, KernelWait.Epoll | KernelWait.Poll),
    ];

    /// <summary>What is not known can do everything.</summary>
    public static ProcessKind Of(KamailioProcess process)
    {
        foreach (var kind in All)
        {
            if (kind.IsPrefix
                ? process.Description.StartsWith(kind.Description, StringComparison.OrdinalIgnoreCase)
                : process.Description.Equals(kind.Description, StringComparison.OrdinalIgnoreCase))
            {
                return kind;
            }
        }

        return process.IsTimer ? UnknownTimer : Unknown;
    }
}
