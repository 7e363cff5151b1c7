using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli;

/// <summary>Starts the program anew in the same process, with the same arguments and environment.</summary>
internal static unsafe partial class NewImage
{
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;

    /// <summary>
    /// The standard streams that are named are /dev/null from the first moment on, standard output for reading only: an answer that nobody gets
    /// is not to be taken for one that was written. Returns only when that cannot be done.
    /// </summary>
    public static void Start(IReadOnlyList<int> closedStreams)
    {
        var program = new FileInfo("/proc/self/exe").LinkTarget;
        var arguments = Texts("/proc/self/cmdline");
        var environment = Texts("/proc/self/environ");
        var nothing = Open("/dev/null", ReadWrite);
        var unwritable = Open("/dev/null", ReadOnly);
        if (program is null || arguments.Count == 0 || nothing < 0 || unwritable < 0)
        {
            return;
        }

        // From here on the runtime of this image has lost what it had opened under these numbers.
        foreach (var stream in closedStreams)
        {
            _ = Duplicate(stream == 1 ? unwritable : nothing, stream);
        }

        _ = Close(nothing);
        _ = Close(unwritable);
        fixed (nint* given = Pointers(arguments), known = Pointers(environment))
        {
            _ = Execute(program, given, known);
        }
    }

    /// <summary>Texts that each end with a zero byte.</summary>
    private static List<byte[]> Texts(string path)
    {
        var texts = new List<byte[]>();
        var content = File.ReadAllBytes(path).AsSpan();
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

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "execve", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string program, nint* arguments, nint* environment);
}
