using System.Globalization;
using System.Runtime.InteropServices;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;

namespace KamRpcDispatcher.Doctor.Observations.Host;

/// <summary>Examines what the process does that reads the requests from a socket or FIFO: waits for the next one, or not.</summary>
internal static class WorkerObserver
{
    /// <summary>What procfs adds to the path of a file that is open and has none any more.</summary>
    private const string Deleted = " (deleted)";

    public static Observed<Worker> Observe(IReadOnlyList<ProcessEntry> processes, string path)
    {
        var sockets = Inodes(path);
        var (holders, busy) = (new List<int>(), new List<int>());
        var (isWaiting, isDoubtful) = (false, false);
        foreach (var process in processes)
        {
            if (ProcFile.Descriptors(process.Pid) is not { } descriptors)
            {
                return Observed<Worker>.Not($"user {Credentials.Own.Name} may not see what its processes do");
            }

            if (descriptors.Any(descriptor => IsIt(process.Pid, descriptor)))
            {
                holders.Add(process.Pid);
                var call = ProcFile.ReadLine(process.Pid, "syscall", out _) is { } line ? SystemCalls.Read(line, RuntimeInformation.OSArchitecture) : default;
                var waits = Waits(process.Pid, call);
                isWaiting |= waits is true;
                isDoubtful |= waits is null;
                if (process.State is 'R' or 'D' || call.Wait == KernelWait.Futex)
                {
                    busy.Add(process.Pid);
                }
            }
        }

        return new Worker(isWaiting, holders) { Busy = busy, IsDoubtful = isDoubtful };

        // Whether it waits for a request: null where it waits for something that cannot be seen.
        bool? Waits(int pid, SystemCall call) => (call.Use, call.Wait) switch
        {
            (DescriptorUse.Receive or DescriptorUse.Read, _) => IsIt(pid, call.Descriptor),

            // The first argument is one more than the largest descriptor: jsonrpcs has one of its own (select() in the sources up to 6.1).
            (_, KernelWait.Select) => call.Descriptor > 0 && IsIt(pid, call.Descriptor - 1) ? true : null,
            (_, KernelWait.Epoll) => ProcFile.Polled(pid, call.Descriptor) is { } polled ? polled.Any(descriptor => IsIt(pid, descriptor)) : null,
            (_, KernelWait.Poll or KernelWait.PollOnStack) => null,
            _ => false,
        };

        bool IsIt(int pid, ulong descriptor)
        {
            var target = ProcFile.ReadDescriptor(pid, descriptor);
            return target == path || target == path + Deleted || (SocketTable.Inode(target) is { } inode && sockets.Contains(inode));
        }
    }

    /// <summary>The sockets that are bound to a path, or were before something else came in its place.</summary>
    private static HashSet<ulong> Inodes(string path)
    {
        try
        {
            // "0000000000000000: 00000002 00000000 00000000 0002 01 12345 /run/kamailio/kamailio_rpc.sock"
            return [.. File.ReadLines("/proc/net/unix").Select(static line => line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries))
                .Where(columns => columns.Length == 8 && columns[7] == path)
                .Select(static columns => ulong.TryParse(columns[6], NumberStyles.None, CultureInfo.InvariantCulture, out var inode) ? inode : 0)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
