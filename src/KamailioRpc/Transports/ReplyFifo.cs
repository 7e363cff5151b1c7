using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamailioRpc.Transports;

/// <summary>A FIFO of ours into which Kamailio writes its replies, and Kamailio's, into which we write requests.</summary>
internal sealed partial class ReplyFifo : IDisposable
{
    private const string Prefix = "kamrpc-";
    private const int NameLength = 24;
    private const int ReadWrite = 2;
    private const int WriteOnly = 1;
    private const int CloseOnExec = 0x80000;

    /// <summary>ENXIO: nobody reads the FIFO.</summary>
    private const int NoReader = 6;
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly string _path;
    private readonly FileStream _reply;

    private ReplyFifo(string path, SafeFileHandle reply, SafeFileHandle request)
    {
        _path = path;
        _reply = new FileStream(reply, FileAccess.ReadWrite, bufferSize: 0);
        Requests = new FileStream(request, FileAccess.Write, bufferSize: 0);
    }

    /// <summary>Kamailio's FIFO.</summary>
    public Stream Requests { get; }

    /// <summary>What Kamailio is told in <c>reply_name</c>: a name in its <c>fifo_reply_dir</c>, without dots and slashes.</summary>
    public string Name => Path.GetFileName(_path);

    // O_NONBLOCK: 0x800 on x86-64 and arm64. O_NOFOLLOW differs between them.
    private static int NonBlocking => 0x800;

    private static int NoFollow => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <param name="kamailioPath">Kamailio's FIFO.</param>
    /// <param name="directory">Kamailio's <c>fifo_reply_dir</c>, in which we may make files.</param>
    /// <exception cref="IOException">Nobody reads Kamailio's FIFO, or ours cannot be made.</exception>
    public static ReplyFifo Open(string kamailioPath, string directory)
    {
        // Without O_NONBLOCK this would wait for a reader for ever.
        var request = Open(kamailioPath, WriteOnly | NonBlocking | CloseOnExec);
        if (request.IsInvalid)
        {
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }

        RemoveStale(directory);
        var path = Path.Combine(directory, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}"[..NameLength]);
        if (MakeFifo(path, (int)Mode) != 0)
        {
            request.Dispose();
            throw new IOException($"{path} cannot be made: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        // Opened for writing too, so that the end of one reply is not the end of the file.
        var reply = Open(path, ReadWrite | CloseOnExec | NoFollow);
        try
        {
            if (reply.IsInvalid)
            {
                throw new IOException($"{path} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            // The umask took some of the mode away.
            File.SetUnixFileMode(reply, Mode);
            if (Environment.IsPrivilegedProcess)
            {
                FileOwner.Copy(kamailioPath, reply);
            }

            return new ReplyFifo(path, reply, request);
        }
        catch
        {
            reply.Dispose();
            request.Dispose();
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Reads what has come, waiting for something.</summary>
    public int Read(Span<byte> buffer) => _reply.Read(buffer);

    /// <summary>
    /// Lets a thread that waits in <see cref="Read"/> go on. Through a descriptor that does not wait itself: where Kamailio has filled the FIFO
    /// nobody waits to read, and a write would wait for ever.
    /// </summary>
    public void Wake()
    {
        using var waker = Open(_path, WriteOnly | NonBlocking | CloseOnExec | NoFollow);
        if (!waker.IsInvalid)
        {
            _ = Write(waker, " "u8, 1);
        }
    }

    public void Dispose()
    {
        Requests.Dispose();
        _reply.Dispose();
        File.Delete(_path);
    }

    /// <summary>Removes what a killed process left: FIFOs of our name that nobody reads.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Cleaning must not keep a connection from being made.")]
    private static void RemoveStale(string directory)
    {
        try
        {
            foreach (var path in Directory.EnumerateFiles(directory, Prefix + "*").Where(static path => Path.GetFileName(path).Length == NameLength))
            {
                using var probe = Open(path, WriteOnly | NonBlocking | CloseOnExec | NoFollow);
                if (probe.IsInvalid && Marshal.GetLastPInvokeError() == NoReader)
                {
                    File.Delete(path);
                }
            }
        }
        catch (Exception)
        {
            // Not ours to touch, or gone meanwhile.
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, ReadOnlySpan<byte> octets, nint length);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, int mode);
}
