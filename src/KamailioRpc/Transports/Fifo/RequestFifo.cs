using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamailioRpc.Transports.Fifo;

/// <summary>Kamailio's FIFO, into which requests are written. Neither opening nor writing waits for Kamailio to read.</summary>
internal sealed class RequestFifo : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly SafeFileHandle _file;

    private RequestFifo(SafeFileHandle file, FileStatus status) => (_file, Status) = (file, status);

    public FileStatus Status { get; }

    /// <exception cref="IOException">Nobody reads it, or it is none.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write to it.</exception>
    public static RequestFifo Open(string path)
    {
        // Without O_NONBLOCK this would wait for a reader for ever.
        var file = Posix.Open(path, Posix.WriteOnly | Posix.NonBlocking | Posix.NoFollow | Posix.CloseOnExec);
        if (file.IsInvalid)
        {
            var (error, message) = (Posix.LastError, Posix.LastMessage);
            file.Dispose();
            throw error == Posix.AccessDenied ? new UnauthorizedAccessException(message) : new IOException(error switch
            {
                Posix.NoReader => "nobody reads its FIFO",
                Posix.IsDirectory => SocketFile.IsDirectory,
                Posix.TooManyLinks => "it is a symbolic link, which is not followed: name the FIFO itself",
                _ => message,
            });
        }

        if (Posix.StatusOf(file) is { IsFifo: true } status)
        {
            return new RequestFifo(file, status);
        }

        // Opened, and nothing written.
        file.Dispose();
        throw new IOException("it is no FIFO");
    }

    /// <summary>
    /// Writes a request of up to PIPE_BUF (4,096 bytes), which is written whole or not at all, and not mixed with another client's. Where the
    /// FIFO is full, since Kamailio does not read, this waits until there is room.
    /// </summary>
    /// <exception cref="IOException">Nobody reads it any more.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        while (!request.IsEmpty)
        {
            var written = (int)Posix.Write(_file, request.Span, request.Length);
            if (written > 0)
            {
                request = request[written..];
            }
            else if (Posix.LastError is Posix.TryAgain)
            {
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
            }
            else if (Posix.LastError is not Posix.Interrupted)
            {
                throw new IOException(Marshal.GetLastPInvokeErrorMessage());
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
