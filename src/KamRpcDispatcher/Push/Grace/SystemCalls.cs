using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>Numbers of system calls, by architecture (the kernel's tables).</summary>
internal static class SystemCalls
{
    private const int Arm64PPoll = 73;

    private static readonly Dictionary<int, KernelWait> X64 = new()
    {
        [0] = KernelWait.Read,
        [45] = KernelWait.Receive, // recvfrom
        [47] = KernelWait.Receive, // recvmsg
        [232] = KernelWait.Epoll, // epoll_wait
        [281] = KernelWait.Epoll, // epoll_pwait
        [34] = KernelWait.Pause,
        [128] = KernelWait.Pause, // rt_sigtimedwait
        [130] = KernelWait.Pause, // rt_sigsuspend
        [35] = KernelWait.Sleep, // nanosleep
        [230] = KernelWait.Sleep, // clock_nanosleep
        [23] = KernelWait.Select,
        [270] = KernelWait.Select, // pselect6
        [43] = KernelWait.Accept,
        [288] = KernelWait.Accept, // accept4
        [61] = KernelWait.WaitForChild, // wait4
    };

    private static readonly Dictionary<int, KernelWait> Arm64 = new()
    {
        [63] = KernelWait.Read,
        [207] = KernelWait.Receive, // recvfrom
        [212] = KernelWait.Receive, // recvmsg
        [22] = KernelWait.Epoll, // epoll_pwait
        [137] = KernelWait.Pause, // rt_sigtimedwait
        [133] = KernelWait.Pause, // rt_sigsuspend
        [101] = KernelWait.Sleep, // nanosleep
        [115] = KernelWait.Sleep, // clock_nanosleep
        [72] = KernelWait.Select, // pselect6
        [202] = KernelWait.Accept,
        [242] = KernelWait.Accept, // accept4
        [260] = KernelWait.WaitForChild, // wait4
    };

    public static bool IsKnownArchitecture => RuntimeInformation.OSArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>What a call is; <paramref name="second"/> is its second argument.</summary>
    public static KernelWait Of(int number, ulong second) => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => X64.GetValueOrDefault(number),

        // There is no pause(2) on arm64: the C library calls ppoll without descriptors.
        Architecture.Arm64 => number == Arm64PPoll && second == 0 ? KernelWait.Pause : Arm64.GetValueOrDefault(number),
        _ => KernelWait.Other,
    };
}
