using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Cli.Host.Reload;

/// <summary>
/// What a program leaves to the one that takes its place in the same process: a file in memory that has no name anywhere, and whose descriptor is inherited. Nobody else sees what is in it, and it goes
/// with the last one who has it.
/// </summary>
internal static class HandoverFile
{
    private const string Name = "kamrpc-handover";
    private const string Descriptors = "/proc/self/fd";
    private const string Target = $"/memfd:{Name} (deleted)";
    private const int FirstAbove = 3;

    /// <summary>F_SETFD.</summary>
    private const int SetFlags = 2;

    /// <summary>FD_CLOEXEC.</summary>
    private const int CloseOnExec = 1;

    /// <summary>MFD_CLOEXEC, until the moment in which it is to be inherited.</summary>
    private const uint Closed = 1;

    /// <summary>MFD_NOEXEC_SEAL, which a kernel may insist on (vm.memfd_noexec), and one before 6.3 does not know.</summary>
    private const uint NotExecutable = 8;

    /// <summary>Makes one; null where there can be none.</summary>
    public static SafeFileHandle? Write(ReadOnlyMemory<byte> content)
    {
        var descriptor = LibC.CreateMemoryFile(Name, Closed | NotExecutable) is var made and >= 0 ? made : LibC.CreateMemoryFile(Name, Closed);
        if (descriptor < 0)
        {
            return null;
        }

        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.Write(file, BitConverter.GetBytes(Environment.ProcessId), 0);
        RandomAccess.Write(file, content.Span, sizeof(int));
        return file;
    }

    /// <summary>Of everything that is open, the next program gets the standard streams and this.</summary>
    public static void InheritOnly(SafeFileHandle file)
    {
        var own = (int)file.DangerousGetHandle();
        foreach (var descriptor in Open().Where(descriptor => descriptor >= FirstAbove && descriptor != own))
        {
            _ = LibC.Control(descriptor, SetFlags, CloseOnExec);
        }

        _ = LibC.Control(own, SetFlags, 0);
    }

    /// <summary>What the program before this one has left in this process; null where there was none.</summary>
    public static ReadOnlyMemory<byte>? Take()
    {
        ReadOnlyMemory<byte>? taken = null;
        foreach (var descriptor in Open().Where(static descriptor => Link(descriptor) == Target))
        {
            using var file = new SafeFileHandle(descriptor, ownsHandle: true);
            var content = new byte[RandomAccess.GetLength(file)];
            var length = RandomAccess.Read(file, content, 0);

            // That of another process has nothing to do with this one.
            if (length == content.Length && length >= sizeof(int) && BitConverter.ToInt32(content) == Environment.ProcessId)
            {
                taken = content.AsMemory(sizeof(int));
            }
        }

        if (taken is not null)
        {
            ProcessImage.EndChildren();
        }

        return taken;
    }

    private static List<int> Open()
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(Descriptors).Select(static entry => int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? Link(int descriptor)
    {
        try
        {
            return new FileInfo(Path.Combine(Descriptors, descriptor.ToString(CultureInfo.InvariantCulture))).LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It was that of the listing itself.
            return null;
        }
    }
}
