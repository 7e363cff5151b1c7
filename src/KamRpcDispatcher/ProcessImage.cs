using System.Globalization;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher;

/// <summary>What a process keeps when another program takes the place of the one that it runs (execve): its signals, and the processes that it has started.</summary>
public static unsafe class ProcessImage
{
    /// <summary>SIG_UNBLOCK.</summary>
    private const int Unblock = 1;

    /// <summary>SIG_SETMASK.</summary>
    private const int Replace = 2;

    private const int Kill = 9;

    /// <summary>A sigset_t has 1024 bits.</summary>
    private const int SetLength = 1024 / 64;

    /// <summary>SIGHUP, SIGINT, SIGUSR2 and SIGTERM, by which a daemon is told something. Each has a bit, the first one that of signal 1.</summary>
    private const ulong Told = (1UL << 0) | (1UL << 1) | (1UL << 11) | (1UL << 14);

    /// <summary>From here on these signals wait, until the next program takes them: before it has said what they mean each would end it. The calling thread is the one that starts it.</summary>
    public static void HoldSignals() => Mask(Replace);

    /// <summary>They come. Whatever is started from here on by the calling thread gets them, too.</summary>
    public static void ReleaseSignals() => Mask(Unblock);

    /// <summary>Ends the processes that the program before this one has started, each with its group: nobody waits for them any more.</summary>
    public static void EndChildren()
    {
        foreach (var child in Children())
        {
            // One that has no group of its own yet by its own number.
            _ = LibC.Kill(-child, Kill);
            _ = LibC.Kill(child, Kill);
            _ = LibC.WaitPid(child, 0, 0);
        }
    }

    private static void Mask(int how)
    {
        var set = stackalloc ulong[SetLength];
        new Span<ulong>(set, SetLength).Clear();
        set[0] = Told;
        _ = LibC.SignalMask(how, set, null);
    }

    private static IEnumerable<int> Children()
    {
        try
        {
            var own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
            return [.. File.ReadAllText($"/proc/self/task/{own}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static child => int.Parse(child, CultureInfo.InvariantCulture))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            // A kernel that does not tell.
            return [];
        }
    }
}
