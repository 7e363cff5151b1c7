using System.Net.Sockets;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Local;

/// <summary>What came of asking a dispatcher on this machine.</summary>
/// <param name="Answer">What it answered; null where it did not.</param>
/// <param name="Failure">Why not, safe to print; null where it did.</param>
public sealed record StatusReply(StatusAnswer? Answer, string? Failure);

/// <summary>Asks the dispatcher on this machine how it is, by its socket.</summary>
public static class StatusQuery
{
    private const int LongestFailure = 200;

    /// <param name="directories">Where its socket may be.</param>
    /// <param name="cluster">Its cluster.</param>
    /// <param name="proxy">Its proxy's name.</param>
    /// <param name="patience">How long all of it may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<StatusReply> AskAsync(IReadOnlyList<string> directories, string cluster, string proxy, TimeSpan patience, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(directories);
        var name = StatusPlace.NameOf(cluster, proxy);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        string? failure = null;
        foreach (var directory in directories)
        {
            var path = Path.Combine(directory, name);
            if (FileStatus.OfLink(path) is not { IsSocket: true })
            {
                continue;
            }

            failure = StatusPlace.WhyNotBelieved(directory);
            if (failure is not null)
            {
                continue;
            }

            try
            {
                var line = await ReadAsync(path, limit.Token).ConfigureAwait(false);
                if (!StatusAnswer.TryRead(line, out var answer, out var error))
                {
                    failure = $"what answers at {path} cannot be understood: {error}";
                }
                else if (answer.Cluster != cluster || answer.Proxy != proxy)
                {
                    failure = $"at {path} another proxy answers";
                }
                else
                {
                    return new StatusReply(answer, null);
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return new StatusReply(null, $"the dispatcher does not answer at {path}: it hangs, or is stopped");
            }
            catch (SocketException exception)
            {
                failure = exception.SocketErrorCode == SocketError.ConnectionRefused ? $"no dispatcher runs: the one that had {path} was killed" : $"the dispatcher cannot be asked at {path}: {SafeText.Shorten(exception.Message, LongestFailure)}";
            }
        }

        return new StatusReply(null, failure ?? $"no dispatcher of proxy {SafeText.Shorten(proxy, MemberValidation.MaxNameLength)} runs here, or this user may not enter its directory (no {name} in {string.Join(", ", directories.Select(static directory => SafeText.Shorten(directory, LongestFailure)))})");
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
        var buffer = new byte[StatusAnswer.MostBytes];
        var length = 0;
        while (length < buffer.Length && await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false) is var read and > 0)
        {
            length += read;
        }

        return buffer.AsMemory(0, length);
    }
}
