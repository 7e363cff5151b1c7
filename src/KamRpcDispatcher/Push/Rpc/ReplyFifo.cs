using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>A FIFO of ours into which Kamailio writes its replies, and Kamailio's, into which we write requests.</summary>
internal sealed partial class ReplyFifo : IDisposable
{
    private const int ReadWrite = 2;
    private const int WriteOnly = 1;
    private const int CloseOnExec = 0x80000;
    private const int Mode = 0b110_110_000;

    private readonly string _path;
    private readonly FileStream _reply;
    private readonly FileStream _request;

    private ReplyFifo(string path, SafeFileHandle reply, SafeFileHandle request)
    {
        _path = path;
        _reply = new FileStream(reply, FileAccess.ReadWrite, bufferSize: 0);
        _request = new FileStream(request, FileAccess.Write, bufferSize: 0);
    }

    /// <summary>What Kamailio is told in <c>reply_name</c>: a name in its <c>fifo_reply_dir</c>, without dots and slashes.</summary>
    public string Name => Path.GetFileName(_path);

    // O_NONBLOCK: 0x800 on x86-64 and arm64.
    private static int NonBlocking => 0x800;

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

        var path = Path.Combine(directory, $"kamrpc-{Environment.ProcessId}-{Guid.NewGuid():N}"[..24]);
        if (MakeFifo(path, Mode) != 0)
        {
            request.Dispose();
            throw new IOException($"{path} cannot be made: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        // Opened for writing too, so that the end of one reply is not the end of the file.
        var reply = Open(path, ReadWrite | CloseOnExec);
        try
        {
            if (reply.IsInvalid)
            {
                throw new IOException($"{path} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            if (Environment.IsPrivilegedProcess)
            {
                FileStatus.CopyOwner(kamailioPath, path);
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

    public void Write(ReadOnlySpan<byte> request) => _request.Write(request);

    /// <summary>Lets a thread that waits in <see cref="Read"/> go on.</summary>
    public void Wake() => _reply.Write(" "u8);

    public void Dispose()
    {
        _request.Dispose();
        _reply.Dispose();
        File.Delete(_path);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, int mode);
}
