namespace KamRpcDispatcher.Push.Grace;

/// <summary>The system calls in which processes of Kamailio wait.</summary>
internal enum KernelWait
{
    Other,
    Receive,
    Read,
    Epoll,
    Pause,
    Sleep,
    Select,
    Accept,
    WaitForChild,
}
