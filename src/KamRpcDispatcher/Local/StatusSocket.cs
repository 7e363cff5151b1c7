using System.Net.Sockets;
using KamailioRpc;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Local;

/// <summary>
/// Answers who connects to a Unix socket with one line, and listens to nobody. Every user of the machine may ask who can enter the directory: a check of a VIP runs as a user of its own,
/// and what it learns is what <c>kamrpc status</c> shows. It is made anew when it is gone, as /run is wiped, and where a daemon that was killed has left one.
/// </summary>
/// <param name="directories">Where it is made: in the first one in which it can be.</param>
/// <param name="name">Its name there.</param>
/// <param name="answer">The line.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
/// <param name="isWhole">Whether the answer may be long and is for the daemon's user and group alone: whom a proxy's members are is nobody else's business.</param>
internal sealed partial class StatusSocket(IReadOnlyList<string> directories, string name, Func<byte[]> answer, TimeProvider timeProvider, ILogger<StatusSocket> logger, bool isWhole = false)
{
    /// <summary>How often it is checked whether the socket is still there.</summary>
    internal static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    /// <summary>From a try that failed to the next one.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    private const int Waiting = 16;

    private const UnixFileMode ForAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private const UnixFileMode ForOwnGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>As many long answers are under way at once; who comes then is turned away, and asks again.</summary>
    private const int MostAtOnce = 4;

    /// <summary>How long somebody may take to read a long one.</summary>
    private static readonly TimeSpan ReadingTime = TimeSpan.FromSeconds(5);

    private int _underWay;
    private string? _told;

    private string Commands => isWhole ? "kamrpc status" : "kamrpc health";

    /// <summary>Answers until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var pause = RetryInterval;
            using (var listening = Listen(out var path, out var status))
            {
                if (listening is not null)
                {
                    await ServeAsync(listening, path, status, cancellationToken).ConfigureAwait(false);
                    pause = CheckInterval;
                }
            }

            await Task.Delay(pause, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Until it is not there any more.</summary>
    private async Task ServeAsync(Socket listening, string path, FileStatus status, CancellationToken cancellationToken)
    {
        var accepting = listening.AcceptAsync(cancellationToken).AsTask();
        while (true)
        {
            try
            {
                var client = await accepting.WaitAsync(CheckInterval, timeProvider, cancellationToken).ConfigureAwait(false);
                if (!isWhole)
                {
                    using (client)
                    {
                        Answer(client);
                    }
                }
                else if (Interlocked.Increment(ref _underWay) <= MostAtOnce)
                {
                    _ = Task.Run(() => AnswerWholeAsync(client, cancellationToken), CancellationToken.None);
                }
                else
                {
                    Interlocked.Decrement(ref _underWay);
                    client.Dispose();
                }

                accepting = listening.AcceptAsync(cancellationToken).AsTask();
            }
            catch (TimeoutException) when (FileStatus.OfLink(path) is { } there && there.IsSameFile(status))
            {
                // Nobody has asked.
            }
            catch (Exception exception) when (exception is TimeoutException or SocketException)
            {
                // It is gone, or there are no descriptors left: it is made anew.
                _ = accepting.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                return;
            }
        }
    }

    /// <summary>What the kernel does not take at once is left out: nobody keeps this from answering the next one.</summary>
    private void Answer(Socket client)
    {
        try
        {
            client.Blocking = false;
            client.Send(answer());
        }
        catch (SocketException)
        {
            // Who asked has left.
        }
    }

    /// <summary>Nobody who does not read keeps this from answering others.</summary>
    private async Task AnswerWholeAsync(Socket client, CancellationToken cancellationToken)
    {
        try
        {
            using (client)
            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                limit.CancelAfter(ReadingTime);
                for (ReadOnlyMemory<byte> rest = answer(); rest.Length > 0;)
                {
                    rest = rest[await client.SendAsync(rest, limit.Token).ConfigureAwait(false)..];
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Who asked has left, or does not read.
        }
        catch (Exception exception)
        {
            NotTold(logger, exception, Commands);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private Socket? Listen(out string path, out FileStatus status)
    {
        var reasons = new List<string>();
        foreach (var directory in directories)
        {
            path = Path.Combine(directory, name);
            if ((RpcClientOptions.MakeReplyDirectory(directory) ?? Vacate(directory, path)) is { } obstacle)
            {
                reasons.Add(obstacle);
                continue;
            }

            Socket? socket = null;
            try
            {
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

                // Where there is anything of the name, a link too, this fails.
                socket.Bind(new UnixDomainSocketEndPoint(path));
                socket.Listen(Waiting);
                File.SetUnixFileMode(path, isWhole ? ForOwnGroup : ForAll);
                status = FileStatus.OfLink(path) ?? throw new IOException($"{path} is gone");
                _told = null;
                Answers(logger, Commands, path);
                return socket;
            }
            catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
            {
                socket?.Dispose();
                reasons.Add($"{path}: {exception.Message}");
            }
        }

        (path, status) = (string.Empty, default);
        var told = string.Join("; ", reasons);
        if (_told != told)
        {
            NotAnswered(logger, Commands, told);
        }

        _told = told;
        return null;
    }

    /// <summary>Takes away what a daemon has left that was killed; why the name is not free, null where it is.</summary>
    private string? Vacate(string directory, string path)
    {
        if (FileStatus.OfLink(path) is not { } there)
        {
            return null;
        }

        if (!there.IsSocket)
        {
            return $"{path} is something else than a socket";
        }

        try
        {
            using var asking = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
            asking.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            using var opened = SafeDirectory.Open(directory);
            return opened.Status(name) is { } now && now.IsSameFile(there) && !opened.TryDelete(name) ? $"{path}, which a daemon that was killed has left, cannot be removed" : null;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is not (SocketError.WouldBlock or SocketError.InProgress))
        {
            return $"{path}: {exception.Message}";
        }

        return $"another daemon answers at {path}";
    }

    [LoggerMessage(3075, LogLevel.Information, "'{Commands}' is answered at {Path}")]
    private static partial void Answers(ILogger logger, string commands, string path);

    [LoggerMessage(3076, LogLevel.Warning, "'{Commands}' cannot be answered by this daemon: no socket can be made for it ({Reasons}). Trying on; --reply-dir names another place")]
    private static partial void NotAnswered(ILogger logger, string commands, string reasons);

    [LoggerMessage(3077, LogLevel.Error, "'{Commands}' could not be answered, which is a fault of kamrpc; please report it")]
    private static partial void NotTold(ILogger logger, Exception exception, string commands);
}
