namespace KamRpcDispatcher.Processes;

/// <summary>What a process of Kamailio waits for in the kernel. A set where a view cannot tell several apart.</summary>
[Flags]
internal enum KernelWait
{
    /// <summary>Something else, or it runs: never rest, never proof.</summary>
    Other = 0,

    /// <summary>recvfrom on a UDP socket with the port that the process is named after.</summary>
    ReceiveSip = 1 << 0,

    /// <summary>recvfrom on a Unix socket.</summary>
    ReceiveUnix = 1 << 1,

    /// <summary>recvfrom on another socket: a name server's, a database's.</summary>
    ReceiveOther = 1 << 2,

    /// <summary>recvfrom on some datagram socket: <c>wchan</c> does not say which.</summary>
    Datagram = 1 << 3,

    /// <summary>read or recvfrom on some Unix stream: <c>wchan</c> does not say which.</summary>
    Stream = 1 << 4,

    /// <summary>read on an unnamed pipe.</summary>
    ReadPipe = 1 << 5,

    /// <summary>read on a file with a name: a FIFO, or a file.</summary>
    ReadFile = 1 << 6,

    /// <summary>read on a socket.</summary>
    ReadSocket = 1 << 7,

    /// <summary>epoll_wait.</summary>
    Epoll = 1 << 8,

    /// <summary>poll with an array that is not on the stack: an event loop, as Kamailio's with <c>tcp_poll_method=poll</c>.</summary>
    Poll = 1 << 9,

    /// <summary>poll with an array on the stack: the resolver, and client libraries of databases and HTTP.</summary>
    PollOnStack = 1 << 10,

    /// <summary>select on descriptors.</summary>
    Select = 1 << 11,

    /// <summary>select without descriptors: how Kamailio's <c>sleep_us()</c> sleeps.</summary>
    SelectNothing = 1 << 12,

    /// <summary>pause, sigsuspend, sigwaitinfo.</summary>
    Pause = 1 << 13,

    /// <summary>nanosleep.</summary>
    Sleep = 1 << 14,

    Accept = 1 << 15,

    /// <summary>wait4.</summary>
    WaitForChild = 1 << 16,

    /// <summary>sendto on a UDP socket.</summary>
    SendUdp = 1 << 17,

    /// <summary>fsync, fdatasync.</summary>
    Sync = 1 << 18,

    /// <summary>A lock.</summary>
    Futex = 1 << 19,
}
