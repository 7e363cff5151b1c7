using System.Globalization;
using System.Text.RegularExpressions;
using KamailioRpc.Commands;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>Sees in <c>/proc/PID/syscall</c> in which system call a process waits, and on which descriptor.</summary>
/// <remarks>
/// At rest is: a UDP receiver receiving on its own socket; a timer in pause, sigtimedwait, select or sleep; any other process in those, or
/// waiting for events, connections, children, a FIFO or a Unix socket. Not at rest: whoever waits for a lock (futex), since it may hold the
/// table meanwhile; and whoever waits in poll or receives on another socket, since it may be resolving a name in the middle of its work.
/// </remarks>
internal sealed partial class SystemCallView : IProcessView
{
    private readonly HashSet<(int Pid, ulong Descriptor)> _ownDescriptors = [];

    public string Name => "syscall";

    public string? Check(IReadOnlyList<KamailioProcess> processes)
    {
        _ownDescriptors.Clear();
        if (!SystemCalls.IsKnownArchitecture)
        {
            return "the numbers of system calls are known for x86-64 and arm64 only";
        }

        foreach (var process in processes)
        {
            if (ProcFile.ReadLine(process.Pid, "syscall", out var sight) is null && sight == Sight.Hidden)
            {
                return $"/proc/{process.Pid}/syscall cannot be read: run kamrpc as Kamailio's user or root, with kernel.yama.ptrace_scope=0 or CAP_SYS_PTRACE";
            }

            if (process.IsUdpReceiver && Port(process) is null)
            {
                return $"the socket of '{process.Description}' is not known";
            }
        }

        return null;
    }

    public Sight Look(KamailioProcess process)
    {
        if (ProcFile.ReadLine(process.Pid, "syscall", out var sight) is not { } line)
        {
            return sight;
        }

        // "45 0x8 0x56291d6dbde0 ... SP PC", "running", or "-1 SP PC" for one that is stopped outside a call.
        var fields = line.Split(' ');
        return int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && fields.Length > 2
            && Argument(fields[1]) is { } first
            && Argument(fields[2]) is { } second
            && IsRest(process, SystemCalls.Of(number, second), first)
                ? Sight.AtRest
                : Sight.Busy;
    }

    private bool IsRest(KamailioProcess process, KernelWait wait, ulong descriptor)
    {
        if (process.IsUdpReceiver)
        {
            return wait == KernelWait.Receive && IsOwn(process, descriptor, inode => SocketTable.IsUdpOnPort(process.Pid, inode, Port(process) ?? 0));
        }

        if (process.IsTimer)
        {
            return wait is KernelWait.Pause or KernelWait.Select or KernelWait.Sleep;
        }

        return wait switch
        {
            KernelWait.Other => false,
            KernelWait.Receive => IsOwn(process, descriptor, inode => SocketTable.IsUnix(process.Pid, inode)),
            KernelWait.Read => ProcFile.ReadDescriptor(process.Pid, descriptor) is { } target && !target.StartsWith("socket:", StringComparison.Ordinal),
            _ => true,
        };
    }

    /// <summary>A socket that is the process's own stays so: it is open for its whole life.</summary>
    private bool IsOwn(KamailioProcess process, ulong descriptor, Func<ulong, bool> isOwnSocket)
    {
        if (_ownDescriptors.Contains((process.Pid, descriptor)))
        {
            return true;
        }

        if (ProcFile.ReadDescriptor(process.Pid, descriptor) is not { } target
            || Inode().Match(target) is not { Success: true } match
            || !isOwnSocket(ulong.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)))
        {
            return false;
        }

        _ownDescriptors.Add((process.Pid, descriptor));
        return true;
    }

    private static ulong? Argument(string field) =>
        field.StartsWith("0x", StringComparison.Ordinal) && ulong.TryParse(field.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static int? Port(KamailioProcess process) =>
        ListeningPort().Match(process.Description) is { Success: true } match && int.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var port) ? port : null;

    [GeneratedRegex(@"^socket:\[([0-9]{1,19})\]$")]
    private static partial Regex Inode();

    [GeneratedRegex(@"\bsock=\S*?:([0-9]{1,5})(?:\s|$)")]
    private static partial Regex ListeningPort();
}
