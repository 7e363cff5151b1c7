using System.Runtime.InteropServices;

namespace KamRpcDispatcher.Cli.Host.Reload;

/// <summary>The program of this process as it was started: the file there may be another one by now.</summary>
internal static class OwnProgram
{
    /// <summary>AT_EXECFN: the path that execve was given.</summary>
    private const ulong ExecutedFile = 31;

    private const string Running = "/proc/self/exe";

    /// <summary>What the kernel says of a file that was removed or replaced.</summary>
    private const string Deleted = " (deleted)";

    /// <summary>Its path, with the links that lead there: somebody may let them lead elsewhere. Null where nobody can say.</summary>
    public static string? Path { get; private set; }

    /// <summary>Before anything could change the current directory.</summary>
    public static void Note() => Path = Of(Marshal.PtrToStringUTF8((nint)LibC.GetAuxiliary(ExecutedFile)));

    /// <summary>The arguments with which its version is asked for: where .NET's host runs it, those that name it come first.</summary>
    /// <param name="line">The process's arguments as the kernel has them, and before them its name.</param>
    /// <param name="own">How many of them are of kamrpc itself.</param>
    public static IReadOnlyList<string> VersionArguments(IReadOnlyList<string> line, int own) => [.. line.Skip(1).Take(line.Count - 1 - own), "--version"];

    private static string? Of(string? executed)
    {
        if (executed is { Length: > 0 } && !executed.StartsWith("/dev/fd/", StringComparison.Ordinal) && !executed.StartsWith("/proc/", StringComparison.Ordinal))
        {
            return System.IO.Path.GetFullPath(executed);
        }

        return new FileInfo(Running).LinkTarget is not { } target ? null : target.EndsWith(Deleted, StringComparison.Ordinal) ? target[..^Deleted.Length] : target;
    }
}
