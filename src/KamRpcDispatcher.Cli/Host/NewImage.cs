using System.Runtime.InteropServices;
using System.Text;
using KamRpcDispatcher.Cli.Host.Reload;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>Starts the program anew in the same process, with the same arguments and environment.</summary>
internal static unsafe class NewImage
{
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;
    private const int CloseOnExec = 0x80000;

    /// <summary>F_DUPFD_CLOEXEC.</summary>
    private const int DuplicateAbove = 1030;
    private const int FirstAbove = 3;

    private const string Program = "/proc/self/exe";
    private const string CommandLine = "/proc/self/cmdline";

    /// <summary>
    /// The standard streams that are named are /dev/null from the first moment on, standard output for reading only: an answer that nobody gets
    /// is not to be taken for one that was written. Returns only when that cannot be done.
    /// </summary>
    public static void Start(IReadOnlyList<int> closedStreams)
    {
        if (Texts(CommandLine) is not { Count: > 0 } arguments)
        {
            return;
        }

        var nothing = OpenAbove(ReadWrite);
        var unwritable = OpenAbove(ReadOnly);
        if (nothing >= 0 && unwritable >= 0)
        {
            var kept = closedStreams.Select(static stream => (stream, Kept: LibC.Control(stream, DuplicateAbove, FirstAbove))).ToList();
            foreach (var stream in closedStreams)
            {
                _ = LibC.Duplicate(stream == 1 ? unwritable : nothing, stream, 0);
            }

            if (OwnProgram.Path is { } path)
            {
                Execute(path, arguments);
            }

            // Where there is nothing any more.
            Execute(Program, arguments);

            // It goes on in this image, whose runtime has things of its own under these numbers.
            foreach (var (stream, own) in kept.Where(static stream => stream.Kept >= 0))
            {
                _ = LibC.Duplicate(own, stream, CloseOnExec);
                _ = LibC.Close(own);
            }
        }

        _ = LibC.Close(nothing);
        _ = LibC.Close(unwritable);
    }

    /// <summary>The process's arguments, and before them its name; null where they cannot be read.</summary>
    public static IReadOnlyList<string>? Arguments() => Texts(CommandLine) is { Count: > 0 } texts ? [.. texts.Select(static text => Encoding.UTF8.GetString(text.AsSpan()[..^1]))] : null;

    /// <summary>Starts another program in place of this one, with the same arguments. Returns only when that cannot be done.</summary>
    /// <returns>Why not.</returns>
    public static string Execute(string path)
    {
        if (Texts(CommandLine) is not { Count: > 0 } arguments)
        {
            return "its arguments cannot be read";
        }

        Execute(path, arguments);
        return Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
    }

    /// <summary>/dev/null under a number that is no standard stream's, and only in this image; negative when that cannot be.</summary>
    private static int OpenAbove(int way)
    {
        var any = LibC.Open("/dev/null", way | CloseOnExec);
        var above = LibC.Control(any, DuplicateAbove, FirstAbove);
        _ = LibC.Close(any);
        return above;
    }

    private static void Execute(string path, List<byte[]> arguments)
    {
        fixed (nint* given = Pointers(arguments))
        {
            _ = LibC.Execute(path, given);
        }
    }

    /// <summary>Texts that each end with a zero byte; null when they cannot be read.</summary>
    private static List<byte[]>? Texts(string path)
    {
        byte[] read;
        try
        {
            read = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        var texts = new List<byte[]>();
        var content = read.AsSpan();
        while (content.IndexOf((byte)0) is var length and >= 0)
        {
            texts.Add(content[..(length + 1)].ToArray());
            content = content[(length + 1)..];
        }

        return texts;
    }

    /// <summary>Never freed: this image ends.</summary>
    private static nint[] Pointers(List<byte[]> texts)
    {
        var pointers = new nint[texts.Count + 1];
        for (var index = 0; index < texts.Count; index++)
        {
            pointers[index] = Marshal.AllocHGlobal(texts[index].Length);
            Marshal.Copy(texts[index], 0, pointers[index], texts[index].Length);
        }

        return pointers;
    }
}
