using System.Net.Sockets;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Local;

/// <summary>A dispatcher on this machine whose members do not all come from etcd, as it answered.</summary>
/// <param name="Path">Its socket.</param>
/// <param name="Answer">What it answered.</param>
public sealed record LocalDispatcher(string Path, WholeAnswer Answer);

/// <summary>Asks the dispatchers on this machine whose members do not all come from etcd who their members are and how they stand in Kamailio.</summary>
public static class WholeQuery
{
    private const int LongestFailure = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Those that answer.</summary>
    /// <param name="directories">Where their sockets may be.</param>
    /// <param name="cluster">Their cluster.</param>
    /// <param name="proxies">Names that they may have where their directory cannot be read.</param>
    /// <param name="failures">Why others did not, safe to print.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlyList<LocalDispatcher>> FindAsync(
        IReadOnlyList<string> directories, string cluster, IReadOnlyCollection<string> proxies, ICollection<string> failures, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(directories);
        ArgumentNullException.ThrowIfNull(proxies);
        ArgumentNullException.ThrowIfNull(failures);
        var found = new List<LocalDispatcher>();
        foreach (var directory in directories)
        {
            foreach (var name in StatusPlace.WholeIn(directory).Concat(proxies.Select(proxy => StatusPlace.WholeNameOf(cluster, proxy))).Distinct(StringComparer.Ordinal))
            {
                var path = Path.Combine(directory, name);
                if (FileStatus.OfLink(path) is not { IsSocket: true })
                {
                    continue;
                }

                var (answer, failure) = await AskAsync(path, cancellationToken).ConfigureAwait(false);
                if (answer is null && failure != Gone(path))
                {
                    failures.Add(failure!);
                }
                else if (answer?.Cluster == cluster)
                {
                    found.Add(new LocalDispatcher(path, answer));
                }
            }
        }

        return found;
    }

    /// <summary>Asks one; null with the reason where it does not answer.</summary>
    internal static async Task<(WholeAnswer? Answer, string? Failure)> AskAsync(string path, CancellationToken cancellationToken)
    {
        if (StatusPlace.WhyNotBelieved(Path.GetDirectoryName(path)!) is { } unbelieved)
        {
            return (null, unbelieved);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var line = await ReadAsync(path, limit.Token).ConfigureAwait(false);
            return WholeAnswer.TryRead(line, out var answer, out var error) ? (answer, null) : (null, $"what answers at {path} cannot be understood: {error}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"the dispatcher does not answer at {path}: it hangs, or is stopped");
        }
        catch (SocketException exception)
        {
            return (null, exception.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => Gone(path),
                SocketError.AccessDenied => $"this user may not ask the dispatcher at {path}: its user and its group may, and root",
                _ => $"the dispatcher cannot be asked at {path}: {SafeText.Shorten(exception.Message, LongestFailure)}",
            });
        }
    }

    /// <summary>Of a socket that nobody has any more: that says nothing of those who run.</summary>
    private static string Gone(string path) => $"no dispatcher runs: the one that had {path} was killed";

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (content.Length < WholeAnswer.MostBytes && await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken).ConfigureAwait(false) is var read and > 0)
        {
            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }
}

/// <summary>A cluster as a dispatcher on this machine tells it whose members do not all come from etcd.</summary>
/// <param name="path">Its socket.</param>
public sealed class LocalClusterReader(string path) : IClusterReader
{
    private long _readings;

    public async Task<ClusterView> ReadAsync(CancellationToken cancellationToken)
    {
        var (answer, failure) = await WholeQuery.AskAsync(path, cancellationToken).ConfigureAwait(false);
        return answer?.ToView() ?? throw new ClusterUnreachableException(failure!);
    }

    /// <summary>What it has to say may be another thing each time.</summary>
    public Task<long> ReadRevisionAsync(CancellationToken cancellationToken) => Task.FromResult(--_readings);
}
