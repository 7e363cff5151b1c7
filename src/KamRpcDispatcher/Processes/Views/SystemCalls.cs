using System.Globalization;
using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Processes.Views;

/// <summary>A system call in which a process is blocked.</summary>
/// <param name="Wait">What it waits for; <see cref="KernelWait.Other"/> where that depends on the descriptor.</param>
/// <param name="Use">What it does with the descriptor, where it depends on that.</param>
/// <param name="Descriptor">The first argument.</param>
internal readonly record struct SystemCall(KernelWait Wait, DescriptorUse Use, ulong Descriptor);

/// <summary>What a system call does with the descriptor that is its first argument.</summary>
internal enum DescriptorUse
{
    None,
    Receive,
    Read,
    Send,
}

/// <summary>Reads the lines of <c>/proc/PID/syscall</c>: numbers of system calls, by architecture (the kernel's tables).</summary>
internal static class SystemCalls
{
    /// <summary>How far above the stack pointer an argument still is on the stack: Kamailio's processes do not use more.</summary>
    private const ulong StackReach = 16 << 20;

    private static readonly Dictionary<int, KernelWait> X64 = new()
    {
        [7] = KernelWait.Poll,
        [271] = KernelWait.Poll, // ppoll
        [232] = KernelWait.Epoll, // epoll_wait
        [281] = KernelWait.Epoll, // epoll_pwait
        [441] = KernelWait.Epoll, // epoll_pwait2
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
        [74] = KernelWait.Sync, // fsync
        [75] = KernelWait.Sync, // fdatasync
        [202] = KernelWait.Futex,
    };

    private static readonly Dictionary<int, DescriptorUse> X64OnDescriptors = new()
    {
        [0] = DescriptorUse.Read,
        [45] = DescriptorUse.Receive, // recvfrom
        [47] = DescriptorUse.Receive, // recvmsg
        [44] = DescriptorUse.Send, // sendto
        [46] = DescriptorUse.Send, // sendmsg
    };

    private static readonly Dictionary<int, KernelWait> Arm64 = new()
    {
        [73] = KernelWait.Poll, // ppoll
        [22] = KernelWait.Epoll, // epoll_pwait
        [441] = KernelWait.Epoll, // epoll_pwait2
        [137] = KernelWait.Pause, // rt_sigtimedwait
        [133] = KernelWait.Pause, // rt_sigsuspend
        [101] = KernelWait.Sleep, // nanosleep
        [115] = KernelWait.Sleep, // clock_nanosleep
        [72] = KernelWait.Select, // pselect6
        [202] = KernelWait.Accept,
        [242] = KernelWait.Accept, // accept4
        [260] = KernelWait.WaitForChild, // wait4
        [82] = KernelWait.Sync, // fsync
        [83] = KernelWait.Sync, // fdatasync
        [98] = KernelWait.Futex,
    };

    private static readonly Dictionary<int, DescriptorUse> Arm64OnDescriptors = new()
    {
        [63] = DescriptorUse.Read,
        [207] = DescriptorUse.Receive, // recvfrom
        [212] = DescriptorUse.Receive, // recvmsg
        [206] = DescriptorUse.Send, // sendto
        [211] = DescriptorUse.Send, // sendmsg
    };

    public static bool IsKnown(Architecture architecture) => architecture is Architecture.X64 or Architecture.Arm64;

    /// <param name="line">"45 0x8 0x56291d6dbde0 ... SP PC", "running", or "-1 SP PC" for one that is stopped outside a call.</param>
    /// <param name="architecture">The kernel's.</param>
    public static SystemCall Read(string line, Architecture architecture)
    {
        var fields = line.Split(' ');
        if (fields.Length < 9
            || !int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || Argument(fields[1]) is not { } first
            || Argument(fields[2]) is not { } second
            || Argument(fields[7]) is not { } stack)
        {
            return default;
        }

        var (waits, onDescriptors) = architecture switch
        {
            Architecture.X64 => (X64, X64OnDescriptors),
            Architecture.Arm64 => (Arm64, Arm64OnDescriptors),
            _ => ([], []),
        };
        return onDescriptors.TryGetValue(number, out var use)
            ? new SystemCall(KernelWait.Other, use, first)
            : new SystemCall(Precisely(waits.GetValueOrDefault(number), first, second, stack), DescriptorUse.None, first);
    }

    private static KernelWait Precisely(KernelWait wait, ulong first, ulong second, ulong stack) => wait switch
    {
        KernelWait.Select when first == 0 => KernelWait.SelectNothing,

        // There is no pause(2) on arm64: the C library calls ppoll without descriptors.
        KernelWait.Poll when second == 0 => KernelWait.Pause,
        KernelWait.Poll when first >= stack && first - stack < StackReach => KernelWait.PollOnStack,
        _ => wait,
    };

    private static ulong? Argument(string field) =>
        field.StartsWith("0x", StringComparison.Ordinal) && ulong.TryParse(field.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value : null;
}
