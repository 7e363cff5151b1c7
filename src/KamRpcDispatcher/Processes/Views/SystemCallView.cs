using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using KamailioRpc.Commands;

namespace KamRpcDispatcher.Processes.Views;

/// <summary>Sees in <c>/proc/PID/syscall</c> in which system call a process waits, and on which descriptor. <see cref="RestRules"/> says which are rest.</summary>
/// <param name="tableUse">What Kamailio's configuration lets happen, now.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed partial class SystemCallView(Func<TableUse> tableUse, TimeProvider timeProvider) : IProcessView
{
    private const KernelWait AnyReceive = KernelWait.ReceiveSip | KernelWait.ReceiveUnix | KernelWait.ReceiveOther;
    private const int LargestCache = 4096;

    /// <summary>What sockets are, by their inodes: that stays so for their whole life. Descriptors do not, they are used again.</summary>
    private readonly Dictionary<(int Pid, ulong Inode), KernelWait> _sockets = [];
    private readonly LongWaits _longWaits = new(timeProvider);

    /// <summary>For a Kamailio whose configuration is not known.</summary>
    public SystemCallView()
        : this(static () => TableUse.Unknown, TimeProvider.System)
    {
    }

    public string Name => "syscall";

    public string? Check(IReadOnlyList<KamailioProcess> processes)
    {
        _sockets.Clear();
        _longWaits.Clear();
        if (!SystemCalls.IsKnown(RuntimeInformation.OSArchitecture))
        {
            return "the numbers of system calls are known for x86-64 and arm64 only";
        }

        foreach (var process in processes)
        {
            if (ProcFile.ReadLine(process.Pid, "syscall", out var activity) is null && activity == ProcessActivity.Hidden)
            {
                return $"/proc/{process.Pid}/syscall cannot be read: {Capabilities.Advice(process.Pid, "run kamrpc as Kamailio's user or root, with kernel.yama.ptrace_scope=0 or CAP_SYS_PTRACE")}";
            }

            if (process.IsUdpReceiver && Port(process) is null)
            {
                return $"the socket of '{process.Description}' is not known";
            }
        }

        return null;
    }

    public ProcessActivity ActivityOf(KamailioProcess process) => ActivityReader.At(process, tableUse(), (kind, thread, proofs) =>
    {
        // Before the call: one that moves in between is seen to have moved.
        var switches = kind.RestsInLock ? ProcFile.ContextSwitches(process.Pid, thread) : null;
        if (ProcFile.ReadLine(process.Pid, $"task/{thread}/syscall", out var activity) is not { } line)
        {
            return activity;
        }

        var call = SystemCalls.Read(line, RuntimeInformation.OSArchitecture);
        var wait = call.Use == DescriptorUse.None ? call.Wait : OnDescriptor(process, call, proofs);
        var isAtRest = wait == KernelWait.Futex
            ? switches is { } count && _longWaits.IsLong(thread, line, count)
            : (wait & proofs) != 0;
        return isAtRest ? ProcessActivity.AtRest : ProcessActivity.Busy;
    });

    private KernelWait OnDescriptor(KamailioProcess process, SystemCall call, KernelWait proofs)
    {
        if (call.Use == DescriptorUse.Receive && (proofs & AnyReceive) == AnyReceive)
        {
            return KernelWait.ReceiveOther;
        }

        var target = ProcFile.ReadDescriptor(process.Pid, call.Descriptor);
        return (call.Use, SocketTable.Inode(target)) switch
        {
            (DescriptorUse.Receive, { } inode) => Received(process, inode),
            (DescriptorUse.Send, { } inode) => IsLog(process, target!) || !SocketTable.IsUdp(process.Pid, inode) ? KernelWait.Other : KernelWait.SendUdp,
            (DescriptorUse.Read, not null) => KernelWait.ReadSocket,
            (DescriptorUse.Read, null) when target is not null => target.StartsWith("pipe:", StringComparison.Ordinal) ? KernelWait.ReadPipe : KernelWait.ReadFile,
            _ => KernelWait.Other,
        };
    }

    private KernelWait Received(KamailioProcess process, ulong inode)
    {
        if (_sockets.TryGetValue((process.Pid, inode), out var known))
        {
            return known;
        }

        if (_sockets.Count >= LargestCache)
        {
            _sockets.Clear();
        }

        return _sockets[(process.Pid, inode)] = process.IsUdpReceiver && SocketTable.IsUdpOnPort(process.Pid, inode, Port(process) ?? 0) ? KernelWait.ReceiveSip
            : SocketTable.IsUnix(process.Pid, inode) ? KernelWait.ReceiveUnix
            : KernelWait.ReceiveOther;
    }

    /// <summary>Whether log lines go there that go to a standard stream.</summary>
    private static bool IsLog(KamailioProcess process, string target) =>
        ProcFile.ReadDescriptor(process.Pid, 1) == target || ProcFile.ReadDescriptor(process.Pid, 2) == target;

    private static int? Port(KamailioProcess process) =>
        ListeningPort().Match(process.Description) is { Success: true } match && int.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var port) ? port : null;

    [GeneratedRegex(@"\bsock=\S*?:([0-9]{1,5})(?:\s|$)")]
    private static partial Regex ListeningPort();
}
